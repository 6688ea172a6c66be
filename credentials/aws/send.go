package aws

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A sentRequest is a request to AWS and its outcome. The zero value is no request.
type sentRequest struct {
	host    string
	status  int   // of the response; 0 if there is none
	outcome error // that of the attempt before it, while the request is pending or if it timed out; nil for success
}

// failed reports whether an attempt failed before the time was over.
func (r *sentRequest) failed() bool {
	return r.outcome != nil && !errors.Is(r.outcome, context.DeadlineExceeded)
}

// intercept adds send, and catchFIPS, to the SDK's processing of every request, including those to STS, SSO and the metadata service.
// It runs after retries and signing, so it handles each attempt.
func (t *try) intercept(s *middleware.Stack) error {
	if err := t.identifyProgram(s); err != nil {
		return err
	}
	if err := catchFIPS(s); err != nil {
		return err
	}
	return errors.Join(
		s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ecrLoginSend", t.send), middleware.Before),
		s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ecrLoginLimit", limitResponse), middleware.After))
}

// maxResponse is the maximum size of a response in bytes, after decompression. Those of AWS have a few thousand.
const maxResponse = 1 << 20

var errTooLarge = fmt.Errorf("the response is larger than %d bytes", maxResponse)

// limitResponse makes reading a response fail after maxResponse bytes. The SDK reads responses without a limit, so that
// a server, or a proxy between, could use all memory of the machine.
func limitResponse(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, m middleware.Metadata, err error,
) {
	out, m, err = next.HandleDeserialize(ctx, in)
	if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp.Body != nil {
		resp.Body = &limitedBody{resp.Body, maxResponse}
	}
	return out, m, err
}

// A limitedBody is a body that can be read up to a limit. Reading more returns errTooLarge.
type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// longestAppID is the maximum length of an application ID.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html
const longestAppID = 50

// identifyProgram adds the application ID to the user agent, that of the user if there is one. The SDK would omit it
// from the requests to STS for a role in the AWS files. It replaces invalid characters, such as "/".
func (t *try) identifyProgram(s *middleware.Stack) error {
	id := cmp.Or(t.env.AppID, t.shared.AppID, t.appID[:min(len(t.appID), longestAppID)])
	if id == "" {
		return nil
	}
	return awsmiddleware.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, id)(s)
}

// send prepares a request, sends it, and records and logs the outcome.
func (t *try) send(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, m middleware.Metadata, err error,
) {
	host := ""
	if req, ok := in.Request.(*smithyhttp.Request); ok {
		host = req.URL.Host
		if in.Request, err = t.prepare(req); err != nil {
			return out, m, err
		}
	}
	before := t.last.Load()
	if before.host != host {
		before = new(sentRequest)
	}
	t.last.Store(&sentRequest{host: host, outcome: before.outcome})
	began := time.Now()
	out, m, err = next.HandleDeserialize(ctx, in)
	status := 0
	if resp, ok := out.RawResponse.(*smithyhttp.Response); ok {
		status = resp.StatusCode
	}
	outcome := err
	if errors.Is(err, context.DeadlineExceeded) && before.failed() {
		outcome = before.outcome
	}
	t.last.Store(&sentRequest{host: host, status: status, outcome: outcome})
	t.log.Debug("request sent", "service", awsmiddleware.GetServiceID(ctx), "operation", awsmiddleware.GetOperationName(ctx),
		"host", host, "status", status, "took", time.Since(began), "error", t.plain(err))
	return out, m, err
}

// prepare checks the URL of a request, records its secrets, and returns a copy with an in-memory body of known length.
//
// The SDK wraps a body in its own reader and closes that reader when the response header arrives. net/http then sends
// header and body separately and reads the body once more to find its end. If the response arrives before that, the
// read fails, net/http closes the connection, and a good response is truncated. With a fast API this affects about one
// new connection in a hundred. The default retries of the SDK hide it; newRetryer does not.
func (t *try) prepare(req *smithyhttp.Request) (*smithyhttp.Request, error) {
	if err := t.checkURL(req.URL); err != nil {
		return nil, err
	}
	var body []byte
	if stream := req.GetStream(); stream != nil {
		var err error
		if body, err = io.ReadAll(stream); err != nil {
			return nil, fmt.Errorf("reading the request's body: %w", err)
		}
		if req, err = req.SetStream(nil); err != nil {
			return nil, fmt.Errorf("replacing the request's body: %w", err)
		}
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	t.secrets.addRequest(req.Request, body)
	return req, nil
}

// logSDK writes the SDK's own messages, such as "falling back to IMDSv1", to the log.
func (t *try) logSDK(_ logging.Classification, format string, args ...any) {
	t.log.Debug("AWS SDK", "message", t.safe(fmt.Sprintf(format, args...)))
}
