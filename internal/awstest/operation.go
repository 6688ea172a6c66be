package awstest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// An Operation is the name of an AWS operation, for counts and faults.
type Operation string

// The operations of a Server.
const (
	GetAuthorizationToken       Operation = "GetAuthorizationToken"       // Amazon ECR
	GetPublicAuthorizationToken Operation = "GetPublicAuthorizationToken" // Amazon ECR Public; AWS calls it GetAuthorizationToken
	AssumeRole                  Operation = "AssumeRole"                  // AWS STS
	AssumeRoleWithWebIdentity   Operation = "AssumeRoleWithWebIdentity"   // AWS STS
	GetCallerIdentity           Operation = "GetCallerIdentity"           // AWS STS
	MetadataToken               Operation = "MetadataToken"               // EC2 instance metadata: PUT /latest/api/token
	Metadata                    Operation = "Metadata"                    // EC2 instance metadata: GET
	ContainerCredentials        Operation = "ContainerCredentials"        // ECS and EKS: GET /container
	GetRoleCredentials          Operation = "GetRoleCredentials"          // IAM Identity Center (SSO)
	CreateToken                 Operation = "CreateToken"                 // IAM Identity Center (SSO) OIDC
)

// A behavior is the implementation of an operation.
type behavior struct {
	service  string // signing name; empty for operations that are not signed
	protocol protocol
	answer   func(*Server, *request) (answer, error)
}

var behaviors = map[Operation]behavior{
	GetAuthorizationToken:       {"ecr", awsJSON, (*Server).getAuthorizationToken},
	GetPublicAuthorizationToken: {"ecr-public", awsJSON, (*Server).getPublicAuthorizationToken},
	AssumeRole:                  {"sts", query, (*Server).assumeRole},
	AssumeRoleWithWebIdentity:   {"", query, (*Server).assumeRoleWithWebIdentity},
	GetCallerIdentity:           {"sts", query, (*Server).getCallerIdentity},
	MetadataToken:               {"", plain, (*Server).metadataToken},
	Metadata:                    {"", plain, (*Server).metadata},
	ContainerCredentials:        {"", containerJSON, (*Server).containerCredentials},
	GetRoleCredentials:          {"", restJSON, (*Server).getRoleCredentials},
	CreateToken:                 {"", oidcJSON, (*Server).createToken},
	"": {"", awsJSON, func(*Server, *request) (answer, error) {
		return answer{}, &apiError{http.StatusNotFound, "UnknownOperationException", "awstest has no such operation"}
	}},
}

// A request is an HTTP request that has been read to its end.
type request struct {
	*http.Request
	op      Operation // empty if the operation is unknown
	host    string    // as in Call.Host
	proxied bool
	body    []byte
	form    url.Values // parameters of the query protocol; empty for others
	signed  signature  // from the Authorization header; not verified
	key     key        // set after the signature is verified
}

// maxBody is larger than every valid request.
const maxBody = 1 << 20

// readRequest reads the whole body. Only then does net/http cancel the context of r when the client disconnects.
func readRequest(r *http.Request) (*request, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	req := &request{Request: r, body: body, form: url.Values{}}
	req.host, req.proxied = dialed(r)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if req.form, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
	}
	req.op = identify(req)
	req.signed = parseSignature(r.Header)
	return req, nil
}

// identify returns the operation of r. It uses headers, form and path, because with AWS_ENDPOINT_URL all operations
// have the same address.
func identify(r *request) Operation {
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken":
		return GetAuthorizationToken
	case "SpencerFrontendService.GetAuthorizationToken":
		return GetPublicAuthorizationToken
	}
	switch op := Operation(r.form.Get("Action")); op {
	case AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity:
		return op
	}
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		return MetadataToken
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/latest/"):
		return Metadata
	case r.Method == http.MethodGet && r.URL.Path == "/container":
		return ContainerCredentials
	case r.Method == http.MethodGet && r.URL.Path == "/federation/credentials":
		return GetRoleCredentials
	case r.Method == http.MethodPost && r.URL.Path == "/token":
		return CreateToken
	}
	return ""
}

// serveAPI serves one request to the APIs.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	req, err := readRequest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.record(req)
	fault := s.takeFault(req.op)
	if !s.wait(r.Context(), fault) {
		panic(http.ErrAbortHandler) // closes the connection
	}
	a, ok := fault.answer(req)
	if !ok {
		a = s.answer(req)
	}
	s.write(w, a, fault != nil && fault.Truncate)
}

// answer returns the regular response, which may be an error.
func (s *Server) answer(r *request) answer {
	b := behaviors[r.op]
	err := s.verify(r, b.service)
	if err == nil {
		var a answer
		if a, err = b.answer(s, r); err == nil {
			return a
		}
	}
	return b.protocol.fail(asAPIError(err))
}

// write sends a with the headers of all AWS responses. If truncate is set, it sends the Content-Length of the whole
// body and half of the body.
func (s *Server) write(w http.ResponseWriter, a answer, truncate bool) {
	h := w.Header()
	maps.Copy(h, a.header)
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("X-Amzn-Requestid", requestID())
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if truncate {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(w, bytes.NewReader(a.body)) // the client may have disconnected
}
