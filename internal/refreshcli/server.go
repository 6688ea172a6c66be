package refreshcli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"ecrlogin/internal/advice"
)

// A server serves the HTTP pages on an address that can change.
type server struct {
	http *http.Server
	log  *slog.Logger

	mu       sync.Mutex
	address  string
	listener net.Listener // nil if address is ""
}

func newServer(pages http.Handler, log *slog.Logger) *server {
	return &server{log: log, http: &http.Server{
		Handler:           pages,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

// listen serves on an address; "" ends the service. If it fails, the previous address stays in effect.
func (s *server) listen(ctx context.Context, address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if address == s.address {
		return nil
	}
	next, err := bind(ctx, address)
	if err != nil && s.listener != nil && portOf(address) == portOf(s.address) {
		_ = s.listener.Close() // it has the port, although with another host
		if next, err = bind(ctx, address); err != nil {
			if s.listener, _ = bind(ctx, s.address); s.listener != nil {
				go s.serve(s.listener)
			}
		}
	}
	if err != nil {
		return listenError(address, err)
	}
	if s.listener != nil {
		_ = s.listener.Close() // connections that are open stay open
	}
	s.address, s.listener = address, next
	if next != nil {
		s.log.Info("listening", "address", next.Addr().String())
		go s.serve(next)
	}
	return nil
}

// bind returns a listener for an address, or nil for "".
func bind(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func (s *server) serve(l net.Listener) {
	err := s.http.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.log.Error("the HTTP server failed", "error", err)
	}
}

// listenError explains why an address cannot be used.
func listenError(address string, err error) error {
	cause := err
	if e, ok := errors.AsType[*net.OpError](err); ok {
		cause = e.Err
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		cause = errno
	}
	return advice.Errorf("listening on %q: %w", address, cause).
		Then("set \"listen\" or --listen to another address, such as :3277, or to \"off\" for no HTTP server")
}

func (s *server) close() { _ = s.http.Close() }
