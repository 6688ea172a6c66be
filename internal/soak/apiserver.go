package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// An apiServer is the part of a Kubernetes API server that ecr-token-refresh uses: namespaces with lists and watches, a
// lease, and Secrets. It fails some writes, and ends some watches.
type apiServer struct {
	// checkSecret is called for the content of each Secret that is written.
	checkSecret func(namespace string, content []byte)

	mu         sync.Mutex
	version    int
	namespaces map[string]*object
	secrets    map[string]*object // by namespace
	lease      *coordinationv1.Lease
	events     []event
	changed    chan struct{} // closed after each event
	cut        chan struct{} // closed to end all watches
	writes     int
}

// An object is the metadata of a namespace or Secret, and the content of the latter.
type object struct {
	metadata map[string]any
	created  time.Time
	content  []byte
}

type event struct {
	version int
	line    []byte
}

func newAPIServer(checkSecret func(namespace string, content []byte)) *apiServer {
	return &apiServer{
		checkSecret: checkSecret, namespaces: map[string]*object{}, secrets: map[string]*object{}, version: 1,
		changed: make(chan struct{}), cut: make(chan struct{}),
	}
}

// create creates a namespace.
func (s *apiServer) create(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &object{metadata: s.newMetadata(name), created: time.Now()}
	s.namespaces[name] = o
	s.notify("ADDED", o)
}

// terminate begins to delete a namespace. Its Secrets can no longer be created.
func (s *apiServer) terminate(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.namespaces[name]
	o.metadata["deletionTimestamp"] = time.Now().UTC().Format(time.RFC3339)
	delete(s.secrets, name)
	s.notify("MODIFIED", o)
}

// remove removes a namespace.
func (s *apiServer) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.namespaces[name]
	delete(s.namespaces, name)
	delete(s.secrets, name)
	s.notify("DELETED", o)
}

// removeSecret removes the Secret of a namespace.
func (s *apiServer) removeSecret(namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, namespace)
}

// cutWatches ends all watches.
func (s *apiServer) cutWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.cut)
	s.cut = make(chan struct{})
}

func (s *apiServer) newMetadata(name string) map[string]any {
	s.version++
	return map[string]any{"name": name, "uid": fmt.Sprint("uid-", s.version)}
}

// notify adds an event about a namespace.
func (s *apiServer) notify(kind string, o *object) {
	s.version++
	o.metadata["resourceVersion"] = strconv.Itoa(s.version)
	s.events = append(s.events, event{s.version, eventLine(kind, partial(o.metadata))})
	close(s.changed)
	s.changed = make(chan struct{})
}

func eventLine(kind string, o map[string]any) []byte {
	line, err := json.Marshal(map[string]any{"type": kind, "object": o})
	if err != nil {
		panic(err) // the types contain only strings and maps
	}
	return append(line, '\n')
}

// partial returns an object without its content.
func partial(metadata map[string]any) map[string]any {
	return map[string]any{
		"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": maps.Clone(metadata),
	}
}

// ServeHTTP implements http.Handler.
func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) == 3 && parts[2] == "namespaces" && r.URL.Query().Get("watch") == "true":
		s.watch(w, r)
	case len(parts) == 3 && parts[2] == "namespaces":
		s.list(w)
	case len(parts) == 6 && parts[4] == "secrets" && r.Method == http.MethodPatch:
		s.patchSecret(w, r, parts[3], parts[5])
	case strings.Contains(r.URL.Path, "/leases"):
		s.serveLease(w, r)
	default:
		fail(w, http.StatusNotFound, "NotFound", r.URL.Path+" not found")
	}
}

func (s *apiServer) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.namespaces)) {
		items = append(items, partial(s.namespaces[name].metadata))
	}
	reply(w, http.StatusOK, map[string]any{
		"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
		"metadata": map[string]any{"resourceVersion": strconv.Itoa(s.version)}, "items": items,
	})
}

// watch sends events until the client stops, or until the watch is cut: at the end of the response or in the middle of
// an event.
func (s *apiServer) watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	sent, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	s.mu.Lock()
	cut := s.cut
	var lines []byte
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, o := range s.namespaces {
			lines = append(lines, eventLine("ADDED", partial(o.metadata))...)
		}
		sent = s.version
		lines = append(lines, s.bookmark(map[string]any{"k8s.io/initial-events-end": "true"})...)
	}
	s.mu.Unlock()
	for {
		var changed chan struct{}
		s.mu.Lock()
		for _, e := range s.events {
			if e.version > sent {
				lines = append(lines, e.line...)
			}
		}
		sent, changed = s.version, s.changed
		s.mu.Unlock()
		if _, err := w.Write(lines); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		lines = nil
		select {
		case <-changed:
		case <-time.After(5 * time.Second):
			s.mu.Lock()
			lines = s.bookmark(nil)
			s.mu.Unlock()
		case <-r.Context().Done():
			return
		case <-cut:
			if rand.IntN(2) == 0 {
				_, _ = io.WriteString(w, `{"type":"ADD`)
				panic(http.ErrAbortHandler)
			}
			return
		}
	}
}

func (s *apiServer) bookmark(annotations map[string]any) []byte {
	metadata := map[string]any{"resourceVersion": strconv.Itoa(s.version)}
	if annotations != nil {
		metadata["annotations"] = annotations
	}
	return eventLine("BOOKMARK", partial(metadata))
}
