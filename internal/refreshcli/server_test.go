package refreshcli

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestListen checks that a server moves to another address, and stays at its address if the other one is in use.
func TestListen(t *testing.T) {
	pages := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := newServer(pages, slog.New(slog.DiscardHandler))
	defer s.close()
	serves := func(address string) bool {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + address)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusNoContent
	}
	first, second := unused(t), unused(t)
	for _, address := range []string{first, first, second} {
		if err := s.listen(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		if !serves(address) {
			t.Errorf("no response from %s", address)
		}
	}
	if serves(first) {
		t.Error("the server still listens at the first address")
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	err = s.listen(t.Context(), other.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "set \"listen\" or --listen to another address") {
		t.Errorf("an address in use: %v", err)
	}
	if !serves(second) {
		t.Error("the server does not listen at its address anymore")
	}
	_, port, _ := net.SplitHostPort(second)
	for _, address := range []string{"0.0.0.0:" + port, second} {
		if err := s.listen(t.Context(), address); err != nil || !serves(second) {
			t.Errorf("the same port of another host: %v", err)
		}
	}
	if err := s.listen(t.Context(), ""); err != nil || serves(second) {
		t.Errorf("the server still listens: %v", err)
	}
}

func unused(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
