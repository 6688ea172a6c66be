package awstest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
)

// An answer is an HTTP response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newAnswer(status int, contentType string, body []byte) answer {
	return answer{status, http.Header{"Content-Type": {contentType}}, body}
}

// An apiError is an error response of AWS.
type apiError struct {
	status  int
	code    string // as returned by smithy.APIError.ErrorCode of the SDK
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// asAPIError returns the apiError in err. All other errors are bugs of this package, and become status 500.
func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{http.StatusInternalServerError, "InternalFailure", err.Error()}
}

// A protocol is the format of errors. The format of a success is part of the operation.
type protocol int

const (
	plain         protocol = iota // text: EC2 metadata
	awsJSON                       // AWS JSON 1.1: ECR
	restJSON                      // SSO
	oidcJSON                      // SSO OIDC: REST JSON with the error codes of OAuth 2.0 in the body
	containerJSON                 // the container credentials endpoint
	query                         // XML: STS
)

func (p protocol) fail(e *apiError) answer {
	contentType, body := "application/json", map[string]string{"__type": e.code, "message": e.message}
	switch p {
	case awsJSON:
		contentType = "application/x-amz-json-1.1"
	case restJSON:
	case oidcJSON:
		body = map[string]string{"error": oauthCode(e.code), "error_description": e.message}
	case containerJSON:
		return jsonAnswer(e.status, "application/json", map[string]string{"code": e.code, "message": e.message})
	case query:
		return xmlAnswer(e.status, struct {
			XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
			Type      string   `xml:"Error>Type"`
			Code      string   `xml:"Error>Code"`
			Message   string   `xml:"Error>Message"`
			RequestID string   `xml:"RequestId"`
		}{Type: "Sender", Code: e.code, Message: e.message, RequestID: requestID()})
	default:
		return newAnswer(e.status, "text/plain", []byte(e.message))
	}
	a := jsonAnswer(e.status, contentType, body)
	a.header.Set("X-Amzn-Errortype", e.code)
	return a
}

// oauthCode converts the name of an AWS exception to an OAuth 2.0 error code: InvalidGrantException to invalid_grant.
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

// jsonAnswer returns v as a JSON response. It panics if v cannot be marshaled; all types of this package can.
func jsonAnswer(status int, contentType string, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return newAnswer(status, contentType, body)
}

// xmlAnswer returns v as an XML response. It panics if v cannot be marshaled; all types of this package can.
func xmlAnswer(status int, v any) answer {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err)
	}
	return newAnswer(status, "text/xml", body)
}
