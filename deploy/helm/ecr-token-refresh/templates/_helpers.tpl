{{- define "name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "metadata" -}}
name: {{ include "name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "selector" . | nindent 2 }}
{{- end }}

{{- define "serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "name" .) }}
{{- else }}{{ required "serviceAccount.name is required, because serviceAccount.create is false" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "subjects" -}}
- kind: ServiceAccount
  name: {{ include "serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "image" -}}
{{- $repository := required "image.repository is required: build the image with \"make image\" and push it to a registry" .Values.image.repository }}
{{- with .Values.image.digest }}{{ $repository }}@{{ . }}
{{- else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "port" -}}
{{- .Values.config.listen | default ":3277" | regexFind "[0-9]+$" }}
{{- end }}

{{- /* The configuration as JSON. Releases in the same namespace must not share the lease. */}}
{{- define "config" -}}
{{- $config := deepCopy .Values.config }}
{{- $lease := $config.kubernetes.lease | default dict }}
{{- if ne (include "name" .) "ecr-token-refresh" }}{{ $lease = merge $lease (dict "name" (include "name" .)) }}{{ end }}
{{- if $lease }}{{ $_ := set $config.kubernetes "lease" $lease }}{{ end }}
{{- toJson $config }}
{{- end }}

{{- /* The rules for some rules of the configuration: a list of those in config.kubernetes.secrets. */}}
{{- define "secretRules" -}}
{{- $names := list }}{{ $pruned := list }}{{ $accounts := list }}
{{- range . }}
{{- $names = append $names .name }}
{{- if .prune }}{{ $pruned = append $pruned .name }}{{ end }}
{{- $accounts = concat $accounts (.serviceAccounts | default list) }}
{{- end }}
# A server-side apply names the Secret, so that resourceNames restricts create as well. The right to patch a Secret
# includes the right to read it: the response to an empty patch is the Secret.
- apiGroups: [""]
  resources: [secrets]
  resourceNames: {{ $names | uniq | sortAlpha | toJson }}
  verbs: [create, patch]
{{- with $pruned }}
# For rules with "prune".
- apiGroups: [""]
  resources: [secrets]
  resourceNames: {{ . | uniq | sortAlpha | toJson }}
  verbs: [delete]
{{- end }}
{{- with $accounts }}
# For rules with "serviceAccounts".
- apiGroups: [""]
  resources: [serviceaccounts]
  resourceNames: {{ . | uniq | sortAlpha | toJson }}
  verbs: [get, patch]
{{- end }}
{{- end }}

{{- /* A label selector in the syntax of kubectl, as a LabelSelector. */}}
{{- define "labelSelector" -}}
matchExpressions:
{{- range regexFindAll "[^,(]+(\\([^)]*\\))?" . -1 }}
{{- $term := trim . }}
{{- if regexMatch "^!\\s*[^\\s!=()]+$" $term }}
  - {key: {{ trimPrefix "!" $term | trim | quote }}, operator: DoesNotExist}
{{- else if regexMatch "^[^\\s!=()<>]+$" $term }}
  - {key: {{ quote $term }}, operator: Exists}
{{- else if regexMatch "^[^\\s!=()]+\\s*!=\\s*[^\\s!=()]*$" $term }}
  - {key: {{ regexFind "^[^\\s!=]+" $term | quote }}, operator: NotIn, values: [{{ regexFind "[^\\s!=]*$" $term | quote }}]}
{{- else if regexMatch "^[^\\s!=()]+\\s*==?\\s*[^\\s!=()]*$" $term }}
  - {key: {{ regexFind "^[^\\s!=]+" $term | quote }}, operator: In, values: [{{ regexFind "[^\\s!=]*$" $term | quote }}]}
{{- else if regexMatch "^[^\\s!=()]+\\s+(not)?in\\s*\\([^)]*\\)$" $term }}
{{- $values := list }}
{{- range regexFind "\\(.*\\)$" $term | trimAll "()" | splitList "," }}{{ $values = append $values (trim .) }}{{ end }}
  - key: {{ regexFind "^\\S+" $term | quote }}
    operator: {{ ternary "NotIn" "In" (regexMatch "^\\S+\\s+notin" $term) }}
    values: {{ toJson $values }}
{{- else }}{{ fail (printf "invalid term %q in the selector %q; use the terms key, !key, key=value, key!=value, key in (a, b) and key notin (a, b)" $term $) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A regular expression, in a string of CEL, for names or patterns of namespaces. */}}
{{- define "namespacePattern" -}}
'^({{ join "|" . | replace "*" ".*" | replace "?" "." }})$'
{{- end }}
