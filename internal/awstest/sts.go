package awstest

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// WebIdentityToken is the OIDC token that AssumeRoleWithWebIdentity accepts.
const WebIdentityToken = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2F3c3Rlc3QuaW52YWxpZCIsInN1YiI6ImF3c3Rlc3QifQ."

// An assumeResponse is the response of AssumeRole and AssumeRoleWithWebIdentity. Its elements are named after the
// operation.
type assumeResponse struct {
	XMLName   xml.Name
	Result    assumeResult
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type assumeResult struct {
	XMLName    xml.Name
	KeyID      string    `xml:"Credentials>AccessKeyId"`
	Secret     string    `xml:"Credentials>SecretAccessKey"`
	Session    string    `xml:"Credentials>SessionToken"`
	Expiration time.Time `xml:"Credentials>Expiration"`
	ARN        string    `xml:"AssumedRoleUser>Arn"`
	UserID     string    `xml:"AssumedRoleUser>AssumedRoleId"`
}

// stsNamespace is the XML namespace of STS responses.
const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

func (s *Server) assumeRole(r *request) (answer, error) {
	return s.assume(r, fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", r.key.arn, r.form.Get("RoleArn")))
}

func (s *Server) assumeRoleWithWebIdentity(r *request) (answer, error) {
	token, arn := r.form.Get("WebIdentityToken"), r.form.Get("RoleArn")
	if token == WebIdentityToken {
		return s.assume(r, errDeniedWebIdentity.message)
	}
	if err := s.checkWebIdentity(arn, token); err != nil {
		return answer{}, err
	}
	return s.session(r, arn)
}

// assume returns a key for the role of r, or an error with the message denied if the role is not allowed.
func (s *Server) assume(r *request, denied string) (answer, error) {
	arn := r.form.Get("RoleArn")
	if _, ok := parseRole(arn); !ok {
		return answer{}, &apiError{http.StatusBadRequest, "ValidationError", arn + " is invalid"}
	}
	s.mu.Lock()
	externalID, ok := s.roles[arn]
	s.mu.Unlock()
	if !ok || externalID != "" && externalID != r.form.Get("ExternalId") {
		return answer{}, &apiError{http.StatusForbidden, "AccessDenied", denied}
	}
	return s.session(r, arn)
}

// sessionName matches the names of sessions that STS accepts.
var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// session returns a key for a role that r may assume.
func (s *Server) session(r *request, arn string) (answer, error) {
	role, ok := parseRole(arn)
	if !ok {
		return answer{}, &apiError{http.StatusBadRequest, "ValidationError", arn + " is invalid"}
	}
	name := cmp.Or(r.form.Get("RoleSessionName"), "awstest")
	if !sessionName.MatchString(name) {
		return answer{}, &apiError{http.StatusBadRequest, "ValidationError", fmt.Sprintf(
			"1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: "+
				"Member must satisfy regular expression pattern: [\\w+=,.@-]*", name)}
	}
	lifetime := keyLifetime
	if seconds, err := strconv.Atoi(r.form.Get("DurationSeconds")); err == nil {
		lifetime = time.Duration(seconds) * time.Second
	}
	p, err := parsePolicy(r.form.Get("Policy"))
	if err != nil {
		return answer{}, err
	}
	k := s.mint(role, name, lifetime, p)
	return xmlAnswer(http.StatusOK, assumeResponse{
		xml.Name{Space: stsNamespace, Local: string(r.op) + "Response"},
		assumeResult{xml.Name{Local: string(r.op) + "Result"}, k.ID, k.Secret, k.Session, k.expires, k.arn, k.userID},
		requestID(),
	}), nil
}

func (s *Server) getCallerIdentity(r *request) (answer, error) {
	return xmlAnswer(http.StatusOK, struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Arn       string   `xml:"GetCallerIdentityResult>Arn"`
		UserID    string   `xml:"GetCallerIdentityResult>UserId"`
		Account   string   `xml:"GetCallerIdentityResult>Account"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}{Arn: r.key.arn, UserID: r.key.userID, Account: r.key.Account, RequestID: requestID()}), nil
}
