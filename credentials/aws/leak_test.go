package aws_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// shown requests a token, a caller and an endpoint, and returns all output that a user may see: the errors and the
// debug log.
func (m *machine) shown(s *aws.Source) string {
	m.t.Helper()
	return m.shownWithin(s, timeLimit)
}

func (m *machine) shownWithin(s *aws.Source, timeout time.Duration) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), timeout)
	defer cancel()
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r, err := registry.Parse(privateHost)
	if err != nil {
		m.t.Fatal(err)
	}
	_, err = s.Token(ctx, r)
	if err == nil {
		m.t.Fatal("Token succeeded")
	}
	_, callerErr := s.Caller(ctx, r) // may succeed
	_, endpointErr := s.Endpoint(ctx, r)
	return fmt.Sprint(err, "\n", callerErr, "\n", endpointErr, "\n", log.String())
}

// session is a key with a session token as long as that of STS.
var session = awstest.Key{ID: "ASIASESSION", Secret: "hunter2/session+secret", Session: strings.Repeat("FwoGZXIvYXdzEhunter2/+", 20), Account: awstest.Account}

// session makes the keys of the session those of the environment.
func (m *machine) session() {
	m.t.Helper()
	cloud.AddKey(session)
	m.env("AWS_ACCESS_KEY_ID", session.ID)
	m.env("AWS_SECRET_ACCESS_KEY", session.Secret)
	m.env("AWS_SESSION_TOKEN", session.Session)
}

// mustNotShow fails if the text contains a secret or a long part of one.
func mustNotShow(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, secret := range append(secrets, awstest.SecretKey, awstest.WebIdentityToken, session.Secret, session.Session, cloud.SSOAccessToken(), cloud.SSORefreshToken(), "AWS4-HMAC-SHA256", "Signature=") {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			for ; len(form) >= 20 || len(form) == len(secret); form = form[min(7, len(form)):] {
				if strings.Contains(text, form[:min(20, len(form))]) {
					t.Fatalf("%q is shown in:\n%s", form[:min(20, len(form))], text)
				}
			}
		}
	}
}

// For an invalid signature, AWS repeats the request with its session token in the error. Such a message is never shown,
// for any error code and service.
func TestErrorsThatRepeatTheRequest(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/pull"
	const ssoProfile = "[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n"
	inSession := func(m *machine) {
		m.session()
	}
	sources := map[string]func(m *machine){
		"environment": inSession,
		"wrong secret": func(m *machine) {
			inSession(m)
			m.env("AWS_SECRET_ACCESS_KEY", "hunter2-the-wrong-one")
		},
		"role of a profile": func(m *machine) {
			inSession(m)
			m.env("AWS_ACCESS_KEY_ID", "")
			m.env("AWS_PROFILE", "dev")
			m.config("[profile base]\naws_access_key_id = " + session.ID + "\naws_secret_access_key = " + session.Secret + "\naws_session_token = " + session.Session +
				"\n[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
		},
		"web identity": func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
		},
		"SSO": func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", time.Hour)
		},
		"SSO to be refreshed": func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", -time.Hour)
		},
		"container": func(m *machine) {
			cloud.SetContainerToken("hunter2-of-the-pod")
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", m.file("pod", "hunter2-of-the-pod"))
		},
		"metadata": func(m *machine) { m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL) },
	}
	codes := []string{"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "RequestExpired", "AccessDeniedException", "AccessDenied", "ValidationError",
		"ExpiredTokenException", "IDPRejectedClaim", "InvalidGrantException", "ForbiddenException", "TeapotException"}
	for name, setUp := range sources {
		for _, code := range codes {
			t.Run(name+"/"+code, func(t *testing.T) {
				m := newMachine(t)
				setUp(m)
				status := 400
				if code == "ForbiddenException" {
					status = 403
				}
				cloud.Inject(awstest.Fault{Status: status, Type: code, EchoRequest: true,
					Message: "DurationSeconds is wrong. User: arn:aws:iam::123456789012:user/ci is not authorized to perform: x:Y on resource: z because of this:"})
				mustNotShow(t, m.shown(new(aws.Source)), "hunter2")
			})
		}
	}
}

// A message that contains only a secret or half of one, without the usual header names, is not shown either.
func TestErrorsThatRepeatASecret(t *testing.T) {
	for name, part := range map[string]string{
		"whole":       session.Session,
		"half":        session.Session[:len(session.Session)/2],
		"in a URL":    url.QueryEscape(session.Session),
		"in base64":   base64.StdEncoding.EncodeToString([]byte("x" + session.Session)),
		"secret key":  session.Secret,
		"signature":   "Signature=0123",
		"header":      "the Authorization header is wrong",
		"credential":  "Credential=AKIA/20260102",
		"header name": "x-amz-security-token is wrong",
	} {
		for _, code := range []string{"AccessDeniedException", "TeapotException"} {
			t.Run(name+"/"+code, func(t *testing.T) {
				m := newMachine(t)
				m.session()
				cloud.Inject(awstest.Fault{Type: code, Message: "no, because " + part + " says so"})
				got := m.shown(new(aws.Source))
				mustNotShow(t, got, part)
				if !strings.Contains(got, code) {
					t.Errorf("the code is not shown:\n%s", got)
				}
			})
		}
	}
}

// A secret in place of the error code is not shown.
func TestErrorCodeThatRepeatsASecret(t *testing.T) {
	m := withKeys(t)
	m.session()
	cloud.Inject(awstest.Fault{Type: session.Session})
	mustNotShow(t, m.shown(new(aws.Source)))
}

// The error about the deadline contains the last error, without secrets.
func TestDeadlineAfterRepeatedRequest(t *testing.T) {
	m := withKeys(t)
	m.session()
	cloud.Inject(awstest.Fault{Type: "ThrottlingException", EchoRequest: true})
	got := m.shownWithin(new(aws.Source), 2*time.Second)
	mustNotShow(t, got, "hunter2")
	if want := "last error: ThrottlingException (message withheld, because it may contain credentials)"; !strings.Contains(got, want) {
		t.Errorf("the error about the deadline does not contain the last error:\n%s", got)
	}
}

// The message and the log entry of a signature error contain the AWS error code but not the AWS message.
func TestSignatureErrorLine(t *testing.T) {
	m := withKeys(t)
	m.session()
	m.env("AWS_SECRET_ACCESS_KEY", "wrong-secret")
	got := m.shown(new(aws.Source))
	line, _, _ := strings.Cut(got, "\n")
	want := privateHost + ": the access key in AWS_ACCESS_KEY_ID: the secret access key does not match the access key ID (InvalidSignatureException); copy both keys again, without whitespace"
	if line != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	const logged = `status=400 took=`
	if !strings.Contains(got, logged) || !strings.Contains(got, `error="InvalidSignatureException (message withheld, because it may contain credentials)"`) {
		t.Errorf("the log does not contain the error:\n%s", got)
	}
}

// The token of a service account is withheld too, although it is neither in the environment nor in a file.
func TestErrorsThatRepeatTheWebIdentity(t *testing.T) {
	m := newMachine(t)
	const token = "hunter2.of.a.service.account"
	cloud.Inject(awstest.Fault{Type: "IDPRejectedClaim", Message: "Couldn't read " + token})
	s := &aws.Source{WebIdentity: &credentials.WebIdentity{RoleARN: "arn:aws:iam::210987654321:role/pull", Token: token, SessionName: "pod", Label: "service account b/puller"}}
	got := m.shown(s)
	mustNotShow(t, got, token)
	if want := privateHost + ": service account b/puller: AWS rejected the web identity token: IDPRejectedClaim"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
}

// No error contains a URL with a password, even if part of the password parses as the host or the port.
func TestURLsWithPasswords(t *testing.T) {
	const advice = "; use the form https://HOST:PORT; in a user name or password, write / as %2F, ? as %3F, # as %23 and @ as %40"
	for _, value := range []string{
		"http://somebody:hun/ter2@127.0.0.1:1", "http://somebody:hun?ter2@127.0.0.1:1", "http://somebody:hun#ter2@127.0.0.1:1", "http://somebody:hun ter2@127.0.0.1:1", "http://somebody:hun%zzter2@127.0.0.1:1",
		"http://somebody:hunter2@127.0.0.1:ter2", "somebody:hunter2@127.0.0.1:1", "//somebody:hunter2@127.0.0.1:1", "hunter2@127.0.0.1:1", "hunter2://somebody@127.0.0.1:1",
		"http://hunter2:56/ter2@127.0.0.1:1", "http://hunter2?ter2@127.0.0.1:1", "http://hunter2#ter2@127.0.0.1:1",
	} {
		for name, setUp := range map[string]func(m *machine){
			"AWS_ENDPOINT_URL":     func(m *machine) { m.env("AWS_ENDPOINT_URL", value) },
			"AWS_ENDPOINT_URL_ECR": func(m *machine) { m.env("AWS_ENDPOINT_URL_ECR", value) },
			"AWS_ENDPOINT_URL_SSO": func(m *machine) {
				m.env("AWS_ACCESS_KEY_ID", "")
				m.env("AWS_PROFILE", "dev")
				m.config("[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
				m.sso("corp", time.Hour)
				m.env("AWS_ENDPOINT_URL_SSO", value)
			},
			"an endpoint in HOME/.aws/config or HOME/.aws/credentials": func(m *machine) { m.config("[default]\nendpoint_url = " + value + "\n") },
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": func(m *machine) {
				m.env("AWS_ACCESS_KEY_ID", "")
				m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", value)
			},
			"AWS_EC2_METADATA_SERVICE_ENDPOINT": func(m *machine) {
				m.env("AWS_ACCESS_KEY_ID", "")
				m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", value)
			},
		} {
			t.Run(name+"/"+value, func(t *testing.T) {
				m := withKeys(t)
				setUp(m)
				got := strings.ReplaceAll(m.shown(new(aws.Source)), m.home, "HOME")
				mustNotShow(t, got, "hunter2", "hun/", "ter2", "somebody")
				line, _, _ := strings.Cut(got, "\n")
				if want := privateHost + ": " + name + " is not a valid URL (using *)" + advice; !match(want, line) {
					t.Errorf("got  %s\nwant %s", line, want)
				}
			})
		}
	}
}
