package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wholeBodies makes every request use an in-memory body of known length.
//
// The SDK wraps a body in its own reader and closes that reader when the response header arrives. net/http then sends
// header and body separately and reads the body once more to find its end. If the response arrives before that, the
// read fails, net/http closes the connection, and a good response is truncated. With a fast API this affects about one
// new connection in a hundred. The default retries of the SDK hide it; newRetryer does not.
func wholeBodies(s *middleware.Stack) error {
	step := middleware.DeserializeMiddlewareFunc("ecrLoginWholeBody", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			whole, err := inMemory(req)
			if err != nil {
				return middleware.DeserializeOutput{}, middleware.Metadata{}, err
			}
			in.Request = whole
		}
		return next.HandleDeserialize(ctx, in)
	})
	return s.Deserialize.Add(step, middleware.After)
}

// inMemory returns a copy of the request with its body in memory, or the request itself if it has no body.
func inMemory(req *smithyhttp.Request) (*smithyhttp.Request, error) {
	stream := req.GetStream()
	if stream == nil {
		return req, nil
	}
	body, err := io.ReadAll(stream)
	if err != nil {
		return nil, fmt.Errorf("reading the request's body: %w", err)
	}
	bare, err := req.SetStream(nil)
	if err != nil {
		return nil, fmt.Errorf("taking the request's body: %w", err)
	}
	bare.Body, bare.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return bare, nil
}
