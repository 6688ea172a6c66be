{{- /* The pod template of the Deployment and of the CronJob. */}}
{{- define "pod" -}}
metadata:
  labels:
    {{- include "selector" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "serviceAccount" . }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq .Values.kind "CronJob" }}
  restartPolicy: Never # the pods of failed runs keep their logs
  {{- else }}
  terminationGracePeriodSeconds: 10
  topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "selector" $ | nindent 8 }}
  {{- end }}
  {{- end }}
  containers:
  - {{ include "container" . | indent 4 | trim }}
  volumes:
  - name: config
    configMap:
      name: {{ include "name" . }}
  {{- if eq .Values.identity.type "webIdentity" }}
  - name: aws-token
    projected:
      sources:
      - serviceAccountToken: {path: token, audience: sts.amazonaws.com, expirationSeconds: 86400}
  {{- end }}
  {{- with .Values.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{- define "container" -}}
name: ecr-token-refresh
image: {{ include "image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if eq .Values.kind "CronJob" }}
args: [--once]
{{- else }}
ports:
- {name: http, containerPort: {{ include "port" . }}}
livenessProbe:
  httpGet: {path: /healthz, port: http}
readinessProbe:
  httpGet: {path: /readyz, port: http}
{{- end }}
{{- with include "env" . }}
env:
{{- . }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
# The directory, because a single file (subPath) would not be updated.
- {name: config, mountPath: /opt/config/ecr-token-refresh, readOnly: true}
{{- if eq .Values.identity.type "webIdentity" }}
- {name: aws-token, mountPath: /var/run/secrets/sts.amazonaws.com, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}{{ toYaml . | nindent 0 }}{{ end }}
{{- end }}

{{- define "env" -}}
{{- with .Values.identity.region }}
- {name: AWS_REGION, value: {{ . | quote }}}
{{- end }}
{{- if eq .Values.identity.type "accessKey" }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.identity.secretName }}, key: {{ . }}}}
{{- end }}
{{- end }}
{{- if eq .Values.identity.type "webIdentity" }}
- {name: AWS_ROLE_ARN, value: {{ .Values.identity.roleArn | quote }}}
- {name: AWS_WEB_IDENTITY_TOKEN_FILE, value: /var/run/secrets/sts.amazonaws.com/token}
{{- end }}
{{- with .Values.extraEnv }}{{ toYaml . | nindent 0 }}{{ end }}
{{- end }}
