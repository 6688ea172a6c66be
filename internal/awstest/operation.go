package awstest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// An Operation names what a client asks of AWS, in counts and faults.
type Operation string

// The operations of the stand-in.
const (
	GetAuthorizationToken       Operation = "GetAuthorizationToken"       // Amazon ECR
	GetPublicAuthorizationToken Operation = "GetPublicAuthorizationToken" // Amazon ECR Public, where it is called GetAuthorizationToken too
	AssumeRole                  Operation = "AssumeRole"                  // AWS STS
	AssumeRoleWithWebIdentity   Operation = "AssumeRoleWithWebIdentity"   // AWS STS
	GetCallerIdentity           Operation = "GetCallerIdentity"           // AWS STS
	MetadataToken               Operation = "MetadataToken"               // EC2 instance metadata: PUT /latest/api/token
	Metadata                    Operation = "Metadata"                    // EC2 instance metadata: GET
	ContainerCredentials        Operation = "ContainerCredentials"        // ECS and EKS: GET /container
	GetRoleCredentials          Operation = "GetRoleCredentials"          // IAM Identity Center (SSO)
	CreateToken                 Operation = "CreateToken"                 // IAM Identity Center (SSO) OIDC
)

// A behaviour is how an operation is spoken and answered.
type behaviour struct {
	service  string // signing name; empty for operations that are not signed
	protocol protocol
	answer   func(*Server, *request) (answer, error)
}

func (op Operation) behaviour() behaviour {
	switch op {
	case GetAuthorizationToken:
		return behaviour{"ecr", awsJSON, (*Server).getAuthorizationToken}
	case GetPublicAuthorizationToken:
		return behaviour{"ecr-public", awsJSON, (*Server).getPublicAuthorizationToken}
	case AssumeRole:
		return behaviour{"sts", query, (*Server).assumeRole}
	case AssumeRoleWithWebIdentity:
		return behaviour{"", query, (*Server).assumeRoleWithWebIdentity}
	case GetCallerIdentity:
		return behaviour{"sts", query, (*Server).getCallerIdentity}
	case MetadataToken:
		return behaviour{"", plain, (*Server).metadataToken}
	case Metadata:
		return behaviour{"", plain, (*Server).metadata}
	case ContainerCredentials:
		return behaviour{"", containerJSON, (*Server).containerCredentials}
	case GetRoleCredentials:
		return behaviour{"", restJSON, (*Server).getRoleCredentials}
	case CreateToken:
		return behaviour{"", oidcJSON, (*Server).createToken}
	}
	return behaviour{"", awsJSON, func(*Server, *request) (answer, error) {
		return answer{}, &apiError{http.StatusNotFound, "UnknownOperationException", "awstest has no such operation"}
	}}
}

// A request is an HTTP request that has been read to its end.
type request struct {
	*http.Request
	op      Operation // empty if awstest does not know it
	host    string    // as dialled
	proxied bool
	body    []byte
	form    url.Values // parameters of the query protocol; empty for others
	signed  signature  // what the Authorization header says, whether or not that is true
	key     key        // who signed, once the signature is verified
}

// maxBody is more than any operation of the stand-in is sent.
const maxBody = 1 << 20

// readRequest reads r to its end. That also makes net/http cancel r's context when the client goes away.
func readRequest(r *http.Request) (*request, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	req := &request{Request: r, body: body, form: url.Values{}}
	req.host, req.proxied = dialled(r)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if req.form, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
	}
	req.op = identify(req)
	req.signed = parseSignature(r.Header)
	return req, nil
}

// identify tells which operation r asks for. All share one address, as behind AWS_ENDPOINT_URL, but no two of
// them look alike.
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

// serveAPI answers one request to the APIs.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	req, err := readRequest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.record(req)
	fault := s.faults.take(req.op, req.host)
	if !s.wait(r.Context(), fault) {
		panic(http.ErrAbortHandler) // drops the connection
	}
	a, ok := fault.answer(req)
	if !ok {
		a = s.answer(req)
	}
	s.write(w, a, fault != nil && fault.Truncate)
}

// answer gives the right answer, be it good or bad news.
func (s *Server) answer(r *request) answer {
	b := r.op.behaviour()
	err := s.verify(r, b.service)
	if err == nil {
		var a answer
		if a, err = b.answer(s, r); err == nil {
			return a
		}
	}
	return b.protocol.fail(asAPIError(err))
}

// write sends a with the headers that every answer of AWS has. A truncated answer ends in its middle, with the
// Content-Length of the whole.
func (s *Server) write(w http.ResponseWriter, a answer, truncate bool) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("X-Amzn-Requestid", requestID())
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if truncate {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(w, bytes.NewReader(a.body)) // a client that is gone misses its answer
}
