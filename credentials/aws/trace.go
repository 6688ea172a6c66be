package aws

import (
	"context"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A sent is a request that was sent, and its outcome.
type sent struct {
	host    string
	status  int   // of the response; 0 if there is none
	outcome error // error; nil if the request is pending or succeeded
}

// lastHost returns the host of the last request, or "AWS" if there was none.
func (t *try) lastHost() string {
	if last := t.last.Load(); last != nil && last.host != "" {
		return last.host
	}
	return "AWS"
}

// trace records and logs every request of the SDK, including those to STS, SSO and the metadata service. It runs after
// retries and signing, so it sees each attempt.
func (t *try) trace(s *middleware.Stack) error {
	step := middleware.DeserializeMiddlewareFunc("ecrLoginTrace", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		host := ""
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			if err := t.checkURL(req.URL); err != nil {
				return middleware.DeserializeOutput{}, middleware.Metadata{}, err
			}
			host = req.URL.Host
			t.secrets.addRequest(req)
		}
		t.last.Store(&sent{host: host})
		began := time.Now()
		out, metadata, err := next.HandleDeserialize(ctx, in)
		status := 0
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok {
			status = resp.StatusCode
		}
		t.last.Store(&sent{host: host, status: status, outcome: err})
		t.log.Debug("request sent", "service", awsmiddleware.GetServiceID(ctx), "operation", awsmiddleware.GetOperationName(ctx),
			"host", host, "status", status, "took", time.Since(began), "error", t.reason(err))
		return out, metadata, err
	})
	return s.Deserialize.Add(step, middleware.Before)
}

// reason returns the text of an error for the log, or "" for nil.
func (t *try) reason(err error) string {
	if err == nil {
		return ""
	}
	return t.plain(err)
}

// sdkLogger writes the SDK's own messages, such as "falling back to IMDSv1", to the log of a try.
type sdkLogger struct{ try *try }

func (l sdkLogger) Logf(_ logging.Classification, format string, args ...any) {
	l.try.log.Debug("AWS SDK", "message", l.try.safe(oneLine(format, args...)))
}
