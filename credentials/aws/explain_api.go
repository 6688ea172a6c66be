package aws

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"ecrlogin/internal/lifetime"
)

var signatureCodes = []string{"InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed"}

func explainKeys(t *try, err error) (cause, next string) {
	switch c, ahead := apiCode(err), skew(err); {
	case c == "ExpiredToken", c == "ExpiredTokenException":
		return fmt.Sprintf("%s: the temporary credentials have expired", t.identity.label), t.renew()
	case c == "UnrecognizedClientException", c == "InvalidClientTokenId", c == "InvalidAccessKeyId", c == "IncompleteSignature":
		cause := fmt.Sprintf("%s: AWS does not recognize these keys (%s)", t.identity.label, c)
		if t.registry.Public {
			return cause, "check that the keys are complete and active, that any session token belongs to them, and that they are " +
				"keys of the partition aws: Amazon ECR Public does not exist in other partitions, such as aws-cn and aws-us-gov"
		}
		return cause, fmt.Sprintf("check that the keys are complete and active, that any session token belongs to them, "+
			"and that region %s is enabled for the account", t.registry.Region)
	case slices.Contains(signatureCodes, c) && ahead.Abs() >= lifetime.MaxClockSkew:
		direction := "ahead of"
		if ahead < 0 {
			direction = "behind"
		}
		return fmt.Sprintf("AWS rejected the request signature because the local clock is %s %s AWS (using %s)",
				ahead.Abs(), direction, t.identity.label),
			"synchronize the clock, for example with NTP"
	case slices.Contains(signatureCodes, c):
		return fmt.Sprintf("%s: the secret access key does not match the access key ID (%s)", t.identity.label, c),
			"copy both keys again, without whitespace"
	case c == "RegionDisabledException", c == "OptInRequired":
		return fmt.Sprintf("%s: region %s is not enabled for this account (%s)", t.identity.label, t.registry.Region, c),
			"run: aws account enable-region --region-name " + t.registry.Region
	}
	return "", ""
}

// renew returns the next step for expired credentials.
func (t *try) renew() string {
	switch t.identity.source {
	case environment:
		return "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to new values, or unset all three"
	case keys:
		return fmt.Sprintf("update the keys in profile %q", t.identity.profile)
	}
	return "try again, and check the source of the credentials if the error persists"
}

func explainDenied(t *try, err error) (cause, next string) {
	if c := apiCode(err); c != "AccessDenied" && c != "AccessDeniedException" {
		return "", ""
	}
	service, name := operation(err)
	message := t.message(err)
	called := strings.ReplaceAll(strings.ToLower(service), " ", "-") + ":" + name // not every message of AWS names the action
	action := cmp.Or(wordAfter(message, "not authorized to perform: "), called)
	who := t.identity.label
	if arn := wordAfter(message, "User: "); arn != "" {
		who += " (" + arn + ")"
	}
	cause = fmt.Sprintf("access denied: %s is not authorized to call %s", who, action)
	next = fmt.Sprintf(`allow %s on "*" in its IAM policy`, action)
	switch action {
	case "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity":
		role := cmp.Or(wordAfter(message, "on resource: "), t.identity.role, "the role")
		cause = fmt.Sprintf("access denied: %s is not authorized to assume %s", who, role)
		next = t.trustAdvice(action, cmp.Or(wordAfter(message, "User: "), "the caller"))
	case "ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken":
		next = "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken in its IAM policy"
	}
	if _, because, ok := strings.Cut(message, " because "); ok {
		cause += ": " + because
		if strings.Contains(because, "session policy") {
			next = t.sessionPolicyAdvice(action)
		}
	}
	return cause, next
}

// trustAdvice returns the next step if AWS denied the caller an action that assumes a role.
func (t *try) trustAdvice(action, caller string) string {
	condition := `whether its "Condition" requires an sts:ExternalId, which is set with externalId or external_id`
	switch {
	case action == "sts:AssumeRoleWithWebIdentity":
		return "check that the role exists and that its trust policy allows the token's issuer, subject and audience" + t.claims()
	case t.wanted.ExternalID != "":
		condition = `that its condition on sts:ExternalId, if any, equals the rule's externalId`
	}
	return fmt.Sprintf(`check that "Principal" in the role's trust policy names %s or its account, and %s; `+
		"allow sts:AssumeRole on the role in the caller's IAM policy", caller, condition)
}

// sessionPolicyAdvice returns the next step if a session policy does not allow an action. That of a rule allows
// all actions that the program itself calls, so it is normally another one, such as that of a role session in CI.
func (t *try) sessionPolicyAdvice(action string) string {
	next := fmt.Sprintf("the session of these credentials is limited by a session policy; "+
		"request credentials whose session policy allows %s", action)
	if t.wanted.Policy != "" && !strings.HasPrefix(action, "sts:") {
		next = "the session of the role is limited by allow and repositories of the rule; remove these, or use another role"
	}
	return next
}

// wordAfter returns the word after a phrase in an AWS message, or "".
func wordAfter(message, phrase string) string {
	_, rest, ok := strings.Cut(message, phrase)
	if !ok {
		return ""
	}
	word, _, _ := strings.Cut(rest, " ")
	return strings.TrimRight(word, ".,;")
}

func throttled(err error) bool {
	_, ok := retry.DefaultThrottleErrorCodes[apiCode(err)]
	return ok || statusCode(err) == http.StatusTooManyRequests
}

func explainUnavailable(t *try, err error) (cause, next string) {
	again := ""
	if attempts, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		again = fmt.Sprintf(" in each of %d attempts", attempts.Attempt)
	}
	host := cmp.Or(t.last.Load().host, "AWS")
	switch {
	case throttled(err):
		return fmt.Sprintf("%s throttled the request of %s%s (%s)", host, t.identity.label, again, cmp.Or(apiCode(err), "status 429")),
			"try again in a minute, or run fewer jobs at the same time"
	case statusCode(err) >= 500 && statusCode(err) != http.StatusNetworkAuthenticationRequired:
		return fmt.Sprintf("%s is unavailable: it returned status %d to %s%s", host, statusCode(err), t.identity.label, again), "try again later"
	}
	return "", ""
}

// portalAdvice is the next step for a response that is not that of AWS.
const portalAdvice = "log in to the network if it has a captive portal, or check HTTPS_PROXY and AWS_ENDPOINT_URL"

// explainResponse handles responses that are not valid, such as an HTML page.
func explainResponse(t *try, err error) (cause, next string) {
	if errors.Is(err, errInvalidResponse) {
		return fmt.Sprintf("Amazon ECR returned an %v (using %s)", err, t.identity.label), "try again, and check the clock and any proxy"
	}
	resp := response(err)
	if resp == nil || apiCode(err) != "" {
		return "", ""
	}
	host := cmp.Or(t.last.Load().host, "AWS")
	switch {
	case resp.StatusCode == http.StatusNetworkAuthenticationRequired:
		return fmt.Sprintf("%s returned a request to log in to the network (status 511) instead of a token (using %s)", host, t.identity.label),
			portalAdvice
	case strings.Contains(resp.Header.Get("Content-Type"), "html"):
		return fmt.Sprintf("%s returned an HTML page (status %d) instead of a token (using %s)", host, resp.StatusCode, t.identity.label), portalAdvice
	case resp.StatusCode/100 == 3:
		return fmt.Sprintf("%s returned a redirect (status %d) instead of a token (using %s)", host, resp.StatusCode, t.identity.label), portalAdvice
	case isUnreadable(err):
		return fmt.Sprintf("%s returned an incomplete or unexpected response (status %d, using %s)", host, resp.StatusCode, t.identity.label),
			"try again, and check any proxy"
	}
	return "", ""
}
