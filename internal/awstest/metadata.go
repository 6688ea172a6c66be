package awstest

import (
	"net/http"
	"strings"
	"time"
)

// instanceRole returns the role of the EC2 instance, and of the container, that the metadata endpoints simulate.
func instanceRole() role { return role{partition: "aws", account: Account, name: "awstest-instance"} }

const (
	metadataTokenHeader = "X-Aws-Ec2-Metadata-Token"
	metadataTTLHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	credentialsPath     = "/latest/meta-data/iam/security-credentials/"
)

// SetContainerToken makes the container endpoint require this Authorization header (AWS_CONTAINER_AUTHORIZATION_TOKEN).
// An empty token, the default, means that it requires none.
func (s *Server) SetContainerToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.containerToken = token
}

func (s *Server) metadataToken(r *request) (answer, error) {
	ttl := r.Header.Get(metadataTTLHeader)
	if ttl == "" {
		return answer{}, &apiError{status: http.StatusBadRequest, message: "missing " + metadataTTLHeader}
	}
	token := randomText(40)
	s.mu.Lock()
	s.metadataTokens[token] = true
	s.mu.Unlock()
	a := newAnswer(http.StatusOK, "text/plain", []byte(token))
	a.header.Set(metadataTTLHeader, ttl)
	return a, nil
}

func (s *Server) metadata(r *request) (answer, error) {
	s.mu.Lock()
	known := s.metadataTokens[r.Header.Get(metadataTokenHeader)]
	s.mu.Unlock()
	if !known {
		return answer{}, &apiError{status: http.StatusUnauthorized, message: "Unauthorized"}
	}
	switch r.URL.Path {
	case credentialsPath, strings.TrimSuffix(credentialsPath, "/"):
		return newAnswer(http.StatusOK, "text/plain", []byte(instanceRole().name)), nil
	case credentialsPath + instanceRole().name:
		return jsonAnswer(http.StatusOK, "text/plain", s.instanceCredentials()), nil
	case "/latest/dynamic/instance-identity/document":
		return jsonAnswer(http.StatusOK, "text/plain", map[string]string{
			"accountId": Account, "instanceId": "i-0123456789abcdef0", "region": "us-east-1", "availabilityZone": "us-east-1a",
		}), nil
	}
	return answer{}, &apiError{status: http.StatusNotFound, message: "Not Found"}
}

// instanceCredentials returns a new key in the format of the EC2 metadata service.
func (s *Server) instanceCredentials() any {
	k := s.mint(instanceRole(), "i-0123456789abcdef0", keyLifetime, nil)
	return struct {
		Code, Type              string
		LastUpdated, Expiration time.Time
		AccessKeyID             string `json:"AccessKeyId"`
		SecretAccessKey, Token  string
	}{
		Code: "Success", Type: "AWS-HMAC", LastUpdated: s.now().UTC().Truncate(time.Second), Expiration: k.expires,
		AccessKeyID: k.ID, SecretAccessKey: k.Secret, Token: k.Session,
	}
}

func (s *Server) containerCredentials(r *request) (answer, error) {
	s.mu.Lock()
	want := s.containerToken
	s.mu.Unlock()
	if want != "" && r.Header.Get("Authorization") != want {
		return answer{}, &apiError{http.StatusUnauthorized, "AccessDeniedException", "the authorization token is missing or invalid"}
	}
	k := s.mint(instanceRole(), "container", keyLifetime, nil)
	return jsonAnswer(http.StatusOK, "application/json", struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		AccountID       string `json:"AccountId"`
		Expiration      time.Time
	}{k.ID, k.Secret, k.Session, k.Account, k.expires}), nil
}
