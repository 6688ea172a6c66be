package aws_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
)

// password returns a password like that of ECR: base64 of a JSON document with an expiration time.
func password(expiration time.Time) string {
	inside, _ := json.Marshal(map[string]any{"payload": "x", "expiration": expiration.Unix()})
	return base64.StdEncoding.EncodeToString(inside)
}

// answer returns the body of a GetAuthorizationToken response, without expiresAt if that is zero.
func answer(userAndPassword string, expiresAt time.Time) string {
	data := map[string]any{"authorizationToken": base64.StdEncoding.EncodeToString([]byte(userAndPassword))}
	if !expiresAt.IsZero() {
		data["expiresAt"] = expiresAt.Unix()
	}
	body, _ := json.Marshal(map[string]any{"authorizationData": []any{data}})
	return string(body)
}

// Each error has a specific message. In a wanted line, HOME is the home directory and * matches any text.
func TestErrors(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/unassumable"
	const ssoProfile = "[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n"
	const base = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"
	inAnHour := time.Now().Add(time.Hour)
	ecrFault := func(f awstest.Fault) func(m *machine) {
		return func(m *machine) {
			keys(m)
			f.Op = awstest.GetAuthorizationToken
			cloud.Inject(f)
		}
	}
	checkFailures(t, []failureTest{
		{"no credentials", func(m *machine) {},
			`no AWS credentials found: not in the environment, not in profile "default" of HOME/.aws/config or HOME/.aws/credentials, no container credentials endpoint, and the EC2 metadata service cannot be reached (127.0.0.1:1 refused the connection); set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run: aws configure`},
		{"half of the keys", func(m *machine) { m.env("AWS_ACCESS_KEY_ID", awstest.KeyID) },
			`no AWS credentials found: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY, not in profile *`},
		{"the other half", func(m *machine) { m.env("AWS_SECRET_ACCESS_KEY", "hunter2") },
			`no AWS credentials found: AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID, not in profile *`},
		{"no credentials, no metadata", func(m *machine) { m.env("AWS_EC2_METADATA_DISABLED", "true") },
			`no AWS credentials found: not in the environment, *, and the EC2 metadata service is disabled by AWS_EC2_METADATA_DISABLED; set AWS_PROFILE, *`},
		{"no credentials, metadata without a role", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			cloud.Inject(awstest.Fault{Op: awstest.Metadata, Status: 404})
		}, `no AWS credentials found: *, and the EC2 metadata service has no role for this instance; set AWS_PROFILE, *`},
		{"metadata silent, as in a container", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			cloud.Inject(awstest.Fault{Op: awstest.MetadataToken, Hang: true})
			cloud.Inject(awstest.Fault{Op: awstest.Metadata, Status: 401})
		}, `no AWS credentials found: *, and the EC2 metadata service accepted the connection but did not respond; if this runs in a container on EC2, *--http-put-response-hop-limit 2`},
		{"metadata silent altogether", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			cloud.Inject(awstest.Fault{Op: awstest.MetadataToken, Hang: true})
			cloud.Inject(awstest.Fault{Op: awstest.Metadata, Hang: true})
		}, `no AWS credentials found: *, and the EC2 metadata service accepted the connection but did not respond; if this runs in a container on EC2, *--http-put-response-hop-limit 2`},
		{"profile that only sets a region", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nregion = eu-west-1\n")
		}, `no AWS credentials found: not in the environment, not in profile "dev" of *`},
		{"metadata unavailable", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			cloud.Inject(awstest.Fault{Op: awstest.Metadata, Status: 418})
		}, `no AWS credentials found: *, and the EC2 metadata service returned status 418; set AWS_PROFILE, *`},
		{"metadata selected but unavailable", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\ncredential_source = Ec2InstanceMetadata\n")
		}, `profile "dev" with credential_source Ec2InstanceMetadata returned no credentials: the EC2 metadata service cannot be reached (127.0.0.1:1 refused the connection); check that the instance has a role`},
		{"missing profile", func(m *machine) {
			m.env("AWS_PROFILE", "prod")
			m.config("[profile dev]\n")
		}, `profile "prod" does not exist in HOME/.aws/config or HOME/.aws/credentials; check AWS_PROFILE, or create the profile: aws configure --profile prod`},
		{"missing source_profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = gone\n")
		}, `profile "dev" assumes role ` + role + ` with source_profile "gone", which cannot be used: *; check that this profile exists and contains credentials`},
		{"no SSO login", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("other", time.Hour)
		}, `profile "dev" uses SSO, but has no SSO session; run: aws sso login --profile dev`},
		{"SSO expired", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", -time.Hour)
			cloud.Inject(awstest.Fault{Op: awstest.CreateToken, Status: 400, Type: "InvalidGrantException", Message: "Invalid refresh token provided"})
		}, `the SSO session of profile "dev" has expired; run: aws sso login --profile dev`},
		{"SSO expired, older keys", func(m *machine) {
			m.env("AWS_PROFILE", "dev team")
			m.config("[profile dev team]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\nsso_account_id = 210987654321\nsso_role_name = pull\n")
			m.sso("https://corp.test/start", -time.Hour)
		}, `the SSO session of profile "dev team" has expired; run: aws sso login --profile 'dev team'`},
		{"SSO session ended elsewhere, with a role", func(m *machine) {
			m.env("AWS_PROFILE", "outer")
			m.config(ssoProfile + "[profile outer]\nrole_arn = " + role + "\nsource_profile = dev\n")
			m.sso("corp", time.Hour)
			cloud.Inject(awstest.Fault{Op: awstest.GetRoleCredentials, Status: 401, Type: "UnauthorizedException", Message: "Session token not found or invalid"})
		}, `the SSO session of profile "outer" via profile "dev" has expired; run: aws sso login --profile dev`},
		{"SSO role not granted", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", time.Hour)
			cloud.Inject(awstest.Fault{Op: awstest.GetRoleCredentials, Status: 403, Type: "ForbiddenException", Message: "No access"})
		}, `profile "dev": this SSO user is not authorized for the role and account of the profile (ForbiddenException: No access); check sso_role_name *`},
		{"temporary keys expired", func(m *machine) {
			cloud.AddKey(awstest.Key{ID: "ASIAEXPIRED", Secret: "old-secret", Session: "old", Account: awstest.Account, Expired: true})
			m.env("AWS_ACCESS_KEY_ID", "ASIAEXPIRED")
			m.env("AWS_SECRET_ACCESS_KEY", "old-secret")
			m.env("AWS_SESSION_TOKEN", "old")
		}, `the access key in AWS_ACCESS_KEY_ID: the temporary credentials have expired; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to new values, or unset all three`},
		{"temporary keys of a profile expired", func(m *machine) {
			cloud.AddKey(awstest.Key{ID: "ASIAEXPIRED", Secret: "old-secret", Session: "old", Account: awstest.Account, Expired: true})
			m.config("[default]\naws_access_key_id = ASIAEXPIRED\naws_secret_access_key = old-secret\naws_session_token = old\n")
		}, `profile "default": the temporary credentials have expired; update the keys in profile "default"`},
		{"temporary keys of a process expired", func(m *machine) {
			cloud.AddKey(awstest.Key{ID: "ASIAEXPIRED", Secret: "old-secret", Session: "old", Account: awstest.Account, Expired: true})
			m.config("[default]\ncredential_process = cat " + m.file("keys.json", `{"Version":1,"AccessKeyId":"ASIAEXPIRED","SecretAccessKey":"old-secret","SessionToken":"old"}`) + "\n")
		}, `profile "default": the temporary credentials have expired; try again, and check the source of the credentials if the error persists`},
		{"no aws login", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nlogin_session = arn:aws:iam::123456789012:user/me\n")
		}, `the login session of profile "dev" has expired or does not exist; run: aws login --profile dev`},
		{"region not enabled", ecrFault(awstest.Fault{Status: 400, Type: "OptInRequired", Message: "The AWS Access Key Id needs a subscription for the service"}),
			`the access key in AWS_ACCESS_KEY_ID: region us-west-2 is not enabled for this account (OptInRequired); run: aws account enable-region --region-name us-west-2`},
		{"configuration unreadable", func(m *machine) { m.env("AWS_CONFIG_FILE", m.home) },
			`the AWS configuration cannot be read: HOME: *is a directory*; check the file and its permissions`},
		{"access denied", ecrFault(awstest.Fault{Status: 400, Type: "AccessDeniedException",
			Message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action"}),
			`access denied: the access key in AWS_ACCESS_KEY_ID (arn:aws:iam::123456789012:user/ci) is not authorized to call ecr:GetAuthorizationToken: no identity-based policy allows the ecr:GetAuthorizationToken action; allow ecr:GetAuthorizationToken on "*" in its IAM policy`},
		{"access denied without a reason", ecrFault(awstest.Fault{Status: 400, Type: "AccessDeniedException"}),
			`access denied: the access key in AWS_ACCESS_KEY_ID is not authorized to call ecr:GetAuthorizationToken; allow ecr:GetAuthorizationToken on "*" in its IAM policy`},
		{"role denied", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
		}, `access denied: profile "dev" via profile "base" (arn:aws:iam::123456789012:user/awstest) is not authorized to assume ` + role + `; check that "Principal" in the role's trust policy names arn:aws:iam::123456789012:user/awstest or its account, and whether its "Condition" requires an sts:ExternalId, which is set with externalId or external_id; allow sts:AssumeRole on the role in the caller's IAM policy`},
		{"web identity denied", func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
		}, `access denied: the web identity of AWS_ROLE_ARN ` + role + ` is not authorized to assume ` + role + `; check that the role exists and that its trust policy allows the token's issuer, subject and audience`},
		{"web identity token rejected", func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
			cloud.Inject(awstest.Fault{Op: awstest.AssumeRoleWithWebIdentity, Status: 400, Type: "ExpiredTokenException", Message: "Token expired: current date/time 2 must be before the expiration date/time 1"})
		}, `the web identity of AWS_ROLE_ARN ` + role + `: AWS rejected the web identity token: ExpiredTokenException: Token expired: *; get a new token, *`},
		{"missing web identity token", func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.home+"/none")
		}, `the web identity of AWS_ROLE_ARN ` + role + `: the web identity token cannot be read: HOME/none: open HOME/none: no such file or directory; check AWS_WEB_IDENTITY_TOKEN_FILE *`},
		{"unknown keys", func(m *machine) {
			keys(m)
			m.env("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
		}, `the access key in AWS_ACCESS_KEY_ID: AWS does not recognize these keys (UnrecognizedClientException); check that the keys are complete and active, *`},
		{"wrong secret key", func(m *machine) {
			keys(m)
			m.env("AWS_SECRET_ACCESS_KEY", "wrong-secret")
		}, `the access key in AWS_ACCESS_KEY_ID: the secret access key does not match the access key ID (InvalidSignatureException); copy both keys again, *`},
		{"clock behind", func(m *machine) {
			keys(m)
			cloud.SetClock(func() time.Time { return time.Now().Add(20*time.Minute + 30*time.Second) })
		}, `AWS rejected the request signature because the local clock is 20m*s behind AWS (using the access key in AWS_ACCESS_KEY_ID); synchronize the clock, for example with NTP`},
		{"MFA", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile dev]\nrole_arn = " + role + "\nsource_profile = base\nmfa_serial = arn:aws:iam::210987654321:mfa/me\n")
		}, `profile "dev" requires an MFA code, which cannot be entered while a client is waiting; *aws configure export-credentials --profile dev --format env*`},
		{"throttled", ecrFault(awstest.Fault{Status: 400, Type: "ThrottlingException", Message: "Rate exceeded"}), `api.ecr.us-west-2.amazonaws.com throttled the request of the access key in AWS_ACCESS_KEY_ID in each of 6 attempts (ThrottlingException); try again in a minute, *`},
		{"AWS unavailable", ecrFault(awstest.Fault{Status: 503, Body: "<html>down</html>", ContentType: "text/html"}), `api.ecr.us-west-2.amazonaws.com is unavailable: it returned status 503 to the access key in AWS_ACCESS_KEY_ID in each of 6 attempts; try again later`},
		{"DNS", func(m *machine) {
			keys(m)
			m.env("AWS_ENDPOINT_URL", "https://"+noName)
		}, `cannot resolve ` + noName + `: *; check the network, VPN and DNS, and that the region exists`},
		{"refused", func(m *machine) {
			keys(m)
			m.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
		}, `127.0.0.1:1 refused the connection (using the access key in AWS_ACCESS_KEY_ID); check the network, *`},
		{"closed without a response", func(m *machine) {
			keys(m)
			m.env("AWS_ENDPOINT_URL", "http://"+closingServer(m.t))
		}, `127.0.0.1:* closed the connection without a response (using *`},
		{"TLS", func(m *machine) {
			keys(m)
			m.env("AWS_CA_BUNDLE", m.file("other.pem", otherCA))
		}, `TLS connection to api.ecr.us-west-2.amazonaws.com failed: *x509: *, issued by *; if a proxy inspects TLS, specify its CA: export AWS_CA_BUNDLE=*`},
		{"TLS with a server that does not support it", func(m *machine) {
			keys(m)
			m.env("AWS_ENDPOINT_URL", strings.Replace(cloud.URL, "http:", "https:", 1))
		}, `TLS connection to 127.0.0.1:* failed: *; log in to the network if it has a captive portal, or check HTTPS_PROXY and AWS_ENDPOINT_URL`},
		{"credential_process fails", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\ncredential_process = sh -c 'exit 3'\n")
		}, `profile "dev" returned no credentials: credential_process failed: exit status 3; run its credential_process manually *`},
		{"credential_process prints something else", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\ncredential_process = echo hunter2\n")
		}, `profile "dev" returned no credentials: credential_process did not print the JSON that the AWS SDKs expect; run *`},
		{"credential_process omits a key", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(`[profile dev]` + "\n" + `credential_process = echo {\"Version\":1,\"AccessKeyId\":\"hunter2\"}` + "\n")
		}, `profile "dev" returned no credentials: credential_process output has no SecretAccessKey; run *`},
		{"container endpoint rejects the request", func(m *machine) {
			cloud.SetContainerToken("right")
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2")
		}, `the container credentials endpoint rejected the request: *; check AWS_CONTAINER_AUTHORIZATION_TOKEN *`},
		{"container endpoint returns an HTML page", func(m *machine) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			cloud.Inject(awstest.Fault{Op: awstest.ContainerCredentials, Body: "<html>hunter2</html>", ContentType: "text/html"})
		}, `the container credentials endpoint returned no credentials: the response could not be read; check AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, and the role of this task or pod`},
		{"container endpoint with a host that is not local", func(m *machine) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://"+noName+"/x")
		}, `an AWS setting is invalid (using the container credentials endpoint): failed to resolve host "` + noName + `", *; correct the variable *`},
		{"container endpoint without a token file", func(m *machine) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", m.home+"/none")
		}, `the container credentials endpoint returned no credentials: *failed to read authorization token from HOME/none: *no such file or directory; check AWS_CONTAINER_AUTHORIZATION_TOKEN or the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, and the role of this task or pod`},
		{"container token with a line break", func(m *machine) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", m.file("token", "hunter2\n"))
		}, `the container credentials endpoint returned no credentials: *authorization token contains invalid newline sequence; check AWS_CONTAINER_AUTHORIZATION_TOKEN or the file *`},
		{"another error", ecrFault(awstest.Fault{Status: 400, Type: "InvalidParameterException", Message: "Invalid parameter\n at 'registryIds'"}),
			`request to AWS failed (using the access key in AWS_ACCESS_KEY_ID): InvalidParameterException: Invalid parameter at 'registryIds'`},

		// Invalid responses.
		{"empty list", ecrFault(awstest.Fault{Body: `{"authorizationData":[]}`}), `Amazon ECR returned an invalid response: no authorization data (using *`},
		{"empty body", ecrFault(awstest.Fault{Body: `{}`}), `Amazon ECR returned an invalid response: no authorization data (using *`},
		{"empty entry", ecrFault(awstest.Fault{Body: `{"authorizationData":[{}]}`}), `*: no authorization token (using *`},
		{"not base64", ecrFault(awstest.Fault{Body: `{"authorizationData":[{"authorizationToken":"hunter2!","expiresAt":4102444800}]}`}), `*: the authorization token is not valid base64 (using *`},
		{"no colon", ecrFault(awstest.Fault{Body: answer("hunter2", inAnHour)}), `*: the authorization token has no colon between user name and password (using *`},
		{"empty password", ecrFault(awstest.Fault{Body: answer("AWS:", inAnHour)}), `*: the authorization token has an empty user name or password (using *`},
		{"empty user name", ecrFault(awstest.Fault{Body: answer(":hunter2", inAnHour)}), `*: the authorization token has an empty user name or password (using *`},
		{"no expiry", ecrFault(awstest.Fault{Body: answer("AWS:hunter2", time.Time{})}), `*: the token has no expiration time (using *`},
		{"expired", ecrFault(awstest.Fault{Body: answer("AWS:hunter2", time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC))}), `*: the token expired at 2020-01-02T03:04:05Z (local clock: 2*) (using *; *`},
		{"expired inside", ecrFault(awstest.Fault{Body: answer("AWS:"+password(time.Unix(1577934245, 0)), inAnHour)}), `*: the token expired at 2020-01-02T03:04:05Z (local clock: *`},
		{"wrong type", ecrFault(awstest.Fault{Body: `{"authorizationData":"hunter2"}`}), `api.ecr.us-west-2.amazonaws.com returned an incomplete or unexpected response (status 200, using the access key in AWS_ACCESS_KEY_ID); *`},
		{"truncated", ecrFault(awstest.Fault{Truncate: true}), `api.ecr.us-west-2.amazonaws.com returned an incomplete or unexpected response (status 200, using the access key in AWS_ACCESS_KEY_ID); *`},
		{"captive portal", ecrFault(awstest.Fault{Body: "<html>hunter2</html>", ContentType: "text/html; charset=utf-8"}), `api.ecr.us-west-2.amazonaws.com returned an HTML page (status 200) instead of a token (using the access key in AWS_ACCESS_KEY_ID); log in to the network *`},
		{"captive portal with status 403", ecrFault(awstest.Fault{Status: 403, Body: "<html>hunter2</html>", ContentType: "text/html"}), `api.ecr.us-west-2.amazonaws.com returned an HTML page (status 403) instead of a token (using the access key in AWS_ACCESS_KEY_ID); log in to the network *`},
		{"captive portal with status 511", ecrFault(awstest.Fault{Status: 511, Body: "<html>hunter2</html>", ContentType: "text/html"}), `api.ecr.us-west-2.amazonaws.com returned a request to log in to the network (status 511) instead of a token (using the access key in AWS_ACCESS_KEY_ID); log in to the network *`},
		{"captive portal with a redirect", ecrFault(awstest.Fault{Status: 302, Body: " "}), `api.ecr.us-west-2.amazonaws.com returned a redirect (status 302) instead of a token (using the access key in AWS_ACCESS_KEY_ID); log in to the network *`},
	})
}

// A failureTest is one failure and its message.
type failureTest struct {
	name  string
	setUp func(m *machine)
	want  string // the line after the host
}

// checkFailures checks the message of each failure, and that it contains no secret. In a wanted line, HOME is the home
// directory and * matches any text.
func checkFailures(t *testing.T, tests []failureTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			tt.setUp(m)
			token, err := m.token(privateHost)
			if err == nil || token != (credentials.Token{}) {
				t.Fatalf("got %v, %v; want an error and no token", token, err)
			}
			if e, ok := errors.AsType[*credentials.Error](err); !ok || e.Host != privateHost || e.Cause == "" || e.Err == nil {
				t.Errorf("got %#v, want a *credentials.Error", err)
			}
			got := strings.ReplaceAll(err.Error(), m.home, "HOME")
			if want := privateHost + ": " + tt.want; !match(want, got) {
				t.Errorf("error\n got %s\nwant %s", got, want)
			}
			for _, secret := range []string{"hunter2", awstest.SecretKey, awstest.WebIdentityToken} {
				if strings.Contains(got, secret) {
					t.Errorf("the error contains a secret: %s", got)
				}
			}
			noIdentity := strings.Contains(tt.want, "no AWS credentials found") || tt.name == "role without a source" || tt.name == "credentials unreadable" ||
				tt.name == "byte order mark"
			if errors.Is(err, credentials.ErrNoIdentity) != noIdentity {
				t.Errorf("errors.Is(err, ErrNoIdentity) = %v, want %v", !noIdentity, noIdentity)
			}
			if n := cloud.Count(awstest.GetAuthorizationToken); n > 1 && tt.name != "throttled" && tt.name != "AWS unavailable" {
				t.Errorf("%d calls, want at most 1", n)
			}
		})
	}
}

// noName is an invalid DNS name, because a label has at most 63 characters. Resolving it fails without a DNS query.
var noName = strings.Repeat("x", 64) + ".test"

func keys(m *machine) {
	m.env("AWS_ACCESS_KEY_ID", awstest.KeyID)
	m.env("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
}

// match reports whether s matches pattern, in which * matches any text.
func match(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	for _, part := range parts[1:] {
		s = s[len(parts[0]):]
		i := strings.Index(s, part)
		if part == "" {
			i = len(s)
		}
		if i < 0 {
			return false
		}
		s, parts[0] = s[i:], part
	}
	return s == parts[0]
}

// closingServer starts a server that reads a request and closes the connection without a response. It returns its
// address.
func closingServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1<<12)) // so that the end is not a reset
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestPublicErrors(t *testing.T) {
	m := newMachine(t)
	if _, err := m.token("public.ecr.aws"); !errors.Is(err, credentials.ErrNoIdentity) {
		t.Errorf("without an identity: %v; want ErrNoIdentity", err)
	}
	keys(m)
	cloud.Inject(awstest.Fault{Op: awstest.GetPublicAuthorizationToken, Status: 400, Type: "AccessDeniedException",
		Message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:GetServiceBearerToken on resource: arn:aws:iam::123456789012:user/ci"})
	_, err := m.token("public.ecr.aws")
	want := "public.ecr.aws: access denied: the access key in AWS_ACCESS_KEY_ID (arn:aws:iam::123456789012:user/ci) is not authorized to call sts:GetServiceBearerToken; " +
		"allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken in its IAM policy"
	if err == nil || err.Error() != want {
		t.Errorf("denied:\n got %v\nwant %s", err, want)
	}
	if errors.Is(err, credentials.ErrNoIdentity) {
		t.Error("a denied identity is reported as ErrNoIdentity")
	}
	cloud.ClearFaults()
	cloud.Inject(awstest.Fault{Op: awstest.GetPublicAuthorizationToken, Body: "{}"})
	if _, err := m.token("public.ecr.aws"); err == nil || !strings.Contains(err.Error(), "invalid response: no authorization data") {
		t.Errorf("empty response: %v", err)
	}
}

// Token returns at the deadline, and the error names what it was waiting for.
func TestDeadlines(t *testing.T) {
	for name, tt := range map[string]struct {
		setUp func(m *machine)
		want  string
	}{
		"API": {func(m *machine) {
			keys(m)
			cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true})
		}, "timed out after *s waiting for api.ecr.us-west-2.amazonaws.com (using the access key in AWS_ACCESS_KEY_ID); try again, or increase the timeout with ECR_LOGIN_TIMEOUT"},
		"throttled until the deadline": {func(m *machine) {
			keys(m)
			cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Status: 400, Type: "ThrottlingException", Message: "Rate exceeded"})
		}, "timed out after *s waiting for api.ecr.us-west-2.amazonaws.com, last error: ThrottlingException: Rate exceeded (using *"},
		"throttled, then silent": {func(m *machine) {
			keys(m)
			cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "ThrottlingException", Message: "Rate exceeded", Times: 1})
			cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true})
		}, "timed out after *s waiting for api.ecr.us-west-2.amazonaws.com, last error: ThrottlingException: Rate exceeded (using *"},
		"STS": {func(m *machine) {
			m.env("AWS_ROLE_ARN", "arn:aws:iam::210987654321:role/pull")
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
			cloud.Inject(awstest.Fault{Op: awstest.AssumeRoleWithWebIdentity, Hang: true})
		}, "timed out after *s waiting for sts.us-west-2.amazonaws.com (using *"},
		"identity with a line break": {func(m *machine) {
			m.env("AWS_ROLE_ARN", "arn:aws:iam::210987654321:role/pull\n")
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
			cloud.Inject(awstest.Fault{Op: awstest.AssumeRoleWithWebIdentity, Hang: true})
		}, "timed out after *s waiting for sts.us-west-2.amazonaws.com (using the web identity of AWS_ROLE_ARN arn:aws:iam::210987654321:role/pull ); *"},
		"credential_process": {func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\ncredential_process = sleep 5\n")
		}, `timed out after *s waiting for the credential_process of profile "dev"; run it manually, or increase the timeout with ECR_LOGIN_TIMEOUT`},
		"credential_process that leaves a child": {func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\ncredential_process = sleep 5 & sleep 5\n")
		}, `timed out after *s waiting for the credential_process of profile "dev"; run it manually, or increase the timeout with ECR_LOGIN_TIMEOUT`},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			tt.setUp(m)
			began := time.Now()
			_, err := m.tokenWithin(privateHost, 1500*time.Millisecond)
			took := time.Since(began)
			if err == nil || !match(privateHost+": "+tt.want, err.Error()) {
				t.Errorf("error\n got %v\nwant %s", err, tt.want)
			}
			// The bound is much longer than the deadline, so that the test passes on a busy machine.
			if took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// A process that takes some seconds succeeds: only the deadline terminates it.
func TestSlowProcessSucceeds(t *testing.T) {
	m := newMachine(t)
	m.env("AWS_PROFILE", "dev")
	m.config("[profile dev]\ncredential_process = " + m.file("slow.sh", fmt.Sprintf("sleep 2; echo '{\"Version\":1,\"AccessKeyId\":%q,\"SecretAccessKey\":%q}'", awstest.KeyID, awstest.SecretKey)) + "\n")
	m.config("[profile dev]\ncredential_process = sh " + m.home + "/slow.sh\n")
	m.mustToken(privateHost)
}
