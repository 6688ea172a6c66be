package awstest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
)

// An answer is a whole HTTP response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newAnswer(status int, contentType string, body []byte) answer {
	return answer{status, http.Header{"Content-Type": {contentType}}, body}
}

// An apiError is an error that AWS answers with.
type apiError struct {
	status  int
	code    string // as the SDK's smithy.APIError.ErrorCode gives it
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// asAPIError finds the apiError in err; any other is a defect of the stand-in.
func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{http.StatusInternalServerError, "InternalFailure", err.Error()}
}

// A protocol is a way to write errors. What a success looks like is up to each operation.
type protocol int

const (
	plain         protocol = iota // text, as EC2 metadata answers
	awsJSON                       // AWS JSON 1.1: ECR
	restJSON                      // SSO
	oidcJSON                      // SSO OIDC: REST JSON with the error codes of OAuth 2.0 in the body
	containerJSON                 // the container credentials endpoint
	query                         // XML: STS
)

func (p protocol) fail(e *apiError) answer {
	switch p {
	case awsJSON:
		a := jsonAnswer(e.status, "application/x-amz-json-1.1", map[string]string{"__type": e.code, "message": e.message})
		a.header.Set("X-Amzn-Errortype", e.code)
		return a
	case restJSON:
		a := jsonAnswer(e.status, "application/json", map[string]string{"__type": e.code, "message": e.message})
		a.header.Set("X-Amzn-Errortype", e.code)
		return a
	case oidcJSON:
		a := jsonAnswer(e.status, "application/json", map[string]string{"error": oauthCode(e.code), "error_description": e.message})
		a.header.Set("X-Amzn-Errortype", e.code)
		return a
	case containerJSON:
		return jsonAnswer(e.status, "application/json", map[string]string{"code": e.code, "message": e.message})
	case query:
		return xmlAnswer(e.status, errorResponse{
			Error:     errorBody{Type: "Sender", Code: e.code, Message: e.message},
			RequestID: requestID(),
		})
	default:
		return newAnswer(e.status, "text/plain", []byte(e.message))
	}
}

// oauthCode turns the name of an AWS exception into an OAuth 2.0 error code: InvalidGrantException into invalid_grant.
func oauthCode(exception string) string {
	var code strings.Builder
	for i, r := range strings.TrimSuffix(exception, "Exception") {
		if 'A' <= r && r <= 'Z' {
			if i > 0 {
				code.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		code.WriteRune(r)
	}
	return code.String()
}

type errorResponse struct {
	XMLName   xml.Name  `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Error     errorBody `xml:"Error"`
	RequestID string    `xml:"RequestId"`
}

type errorBody struct {
	Type, Code, Message string
}

// jsonAnswer panics if v cannot be marshalled, which no type of this package does.
func jsonAnswer(status int, contentType string, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return newAnswer(status, contentType, body)
}

// xmlAnswer panics if v cannot be marshalled, which no type of this package does.
func xmlAnswer(status int, v any) answer {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err)
	}
	return newAnswer(status, "text/xml", body)
}
