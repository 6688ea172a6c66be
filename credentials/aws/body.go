package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wholeBodies makes every request carry its body in a form of which net/http sees that it is all there.
//
// The SDK wraps its bodies in a reader of its own and closes it as soon as the answer's header is in. net/http then sends
// header and body apart and reads once more for the end; when the answer is faster than that, the read fails, net/http
// closes its own connection, and an answer that was good is cut short. It happens to about one new connection in a
// hundred with a fast API. The SDK's usual retries hide it; ours do not.
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

// inMemory returns a copy of the request with its body read, and the request itself if it has none.
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
