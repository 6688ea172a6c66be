package awstest

import (
	"encoding/base64"
	"net/http"
	"time"

	"ecrlogin/registry"
)

// publicRegion is the only region with an API for ECR Public.
const publicRegion = "us-east-1"

type authorization struct {
	Token         string  `json:"authorizationToken"`
	ExpiresAt     float64 `json:"expiresAt"` // Unix seconds
	ProxyEndpoint string  `json:"proxyEndpoint,omitempty"`
}

func newAuthorization(password string, expires time.Time) authorization {
	return authorization{
		Token:     base64.StdEncoding.EncodeToString([]byte(userName + ":" + password)),
		ExpiresAt: float64(expires.UnixMilli()) / 1000,
	}
}

// getAuthorizationToken returns a token for all registries of the region that the request is signed for. As at AWS, the
// proxy endpoint is the IPv4-only host of the caller's registry, regardless of the dialed host.
func (s *Server) getAuthorizationToken(r *request) (answer, error) {
	if err := r.allow("ecr:GetAuthorizationToken"); err != nil {
		return answer{}, err
	}
	a := newAuthorization(s.issueToken(token{IssuedToken{Region: r.signed.region, ARN: r.key.arn}, r.key.policy}))
	own, err := registry.Private(r.key.Account, r.signed.region)
	if err != nil {
		return answer{}, err
	}
	a.ProxyEndpoint = "https://" + own.Host
	return jsonAnswer(http.StatusOK, "application/x-amz-json-1.1", map[string][]authorization{"authorizationData": {a}}), nil
}

func (s *Server) getPublicAuthorizationToken(r *request) (answer, error) {
	if r.signed.region != publicRegion {
		return answer{}, &apiError{http.StatusBadRequest, "UnsupportedCommandException",
			"GetAuthorizationToken command is only supported in us-east-1."}
	}
	if err := r.allow("ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"); err != nil {
		return answer{}, err
	}
	a := newAuthorization(s.issueToken(token{IssuedToken{Region: publicRegion, Public: true, ARN: r.key.arn}, r.key.policy}))
	return jsonAnswer(http.StatusOK, "application/x-amz-json-1.1", map[string]authorization{"authorizationData": a}), nil
}
