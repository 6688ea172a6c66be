package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

// A fakeServer is the part of an API server that this package uses: namespaces with lists and watches, the lease, and
// Secrets of which it only stores which exist. It implements http.RoundTripper, so that tests with a fake clock can use
// it.
type fakeServer struct {
	mu       sync.Mutex
	version  int
	objects  map[string]*metav1.PartialObjectMetadata // namespaces
	events   []fakeEvent
	changed  chan struct{}  // closed after each event
	secrets  map[string]int // by namespace/name: number of writes
	lease    *coordinationv1.Lease
	requests []string // "VERB path", in the order of arrival
	// intercept answers a request if it returns true. It is called without the lock.
	intercept func(w http.ResponseWriter, r *http.Request) bool
}

type fakeEvent struct {
	version int
	text    string // a line of JSON
	lost    bool   // is not sent
}

func newFakeServer(namespaces ...string) *fakeServer {
	f := &fakeServer{objects: map[string]*metav1.PartialObjectMetadata{}, secrets: map[string]int{}, changed: make(chan struct{})}
	for _, name := range namespaces {
		f.create(name, nil)
	}
	return f
}

func (f *fakeServer) create(name string, labels map[string]string) { f.put(name, labels, false, false) }

// put creates or changes a namespace. The event may be lost.
func (f *fakeServer) put(name string, labels map[string]string, terminating, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := "MODIFIED"
	o := f.objects[name]
	if o == nil {
		kind = "ADDED"
		o = &metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"},
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(fmt.Sprint("uid-", f.version))},
		}
	}
	o = o.DeepCopy()
	o.Labels = labels
	if terminating {
		o.DeletionTimestamp = new(metav1.Now())
	}
	f.objects[name] = o
	f.event(kind, o, lost)
}

func (f *fakeServer) delete(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects[name]
	delete(f.objects, name)
	for secret := range f.secrets {
		if strings.HasPrefix(secret, name+"/") {
			delete(f.secrets, secret)
		}
	}
	f.event("DELETED", o, false)
}

func (f *fakeServer) event(kind string, o *metav1.PartialObjectMetadata, lost bool) {
	f.version++
	o.ResourceVersion = strconv.Itoa(f.version)
	f.events = append(f.events, fakeEvent{f.version, eventLine(kind, o), lost})
	close(f.changed)
	f.changed = make(chan struct{})
}

// bookmark sends a bookmark to all watches.
func (f *fakeServer) bookmark() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.event("BOOKMARK", f.bookmarkObject(), false)
}

func (f *fakeServer) bookmarkObject() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"},
		ObjectMeta: metav1.ObjectMeta{ResourceVersion: strconv.Itoa(f.version)},
	}
}

func eventLine(kind string, o any) string {
	line, err := json.Marshal(map[string]any{"type": kind, "object": o})
	if err != nil {
		panic(err)
	}
	return string(line) + "\n"
}

// count returns the number of requests that contain a text.
func (f *fakeServer) count(text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if strings.Contains(r, text) {
			n++
		}
	}
	return n
}

// written returns the Secrets that exist, sorted and separated by spaces.
func (f *fakeServer) written() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(f.secrets)), " ")
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	verb := r.Method
	if r.URL.Query().Get("watch") == "true" {
		verb = "WATCH"
	}
	f.requests = append(f.requests, verb+" "+r.URL.Path)
	intercept := f.intercept
	f.mu.Unlock()
	if intercept != nil && intercept(w, r) {
		return
	}
	switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case verb == "WATCH":
		f.watch(w, r)
	case len(parts) == 3 && parts[2] == "namespaces":
		f.list(w, r)
	case len(parts) == 6 && parts[4] == "secrets":
		f.secret(w, r, parts[3], parts[5])
	case strings.Contains(r.URL.Path, "/leases"):
		f.serveLease(w, r)
	default:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, r.URL.Path+" not found")
	}
}

func (f *fakeServer) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := slices.Sorted(maps.Keys(f.objects))
	from, _ := slices.BinarySearch(names, r.URL.Query().Get("continue"))
	to := len(names)
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && limit > 0 {
		to = min(to, from+limit)
	}
	list := metav1.PartialObjectMetadataList{
		TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadataList", APIVersion: "meta.k8s.io/v1"},
		ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(f.version)},
	}
	if to < len(names) {
		list.Continue = names[to]
	}
	for _, name := range names[from:to] {
		list.Items = append(list.Items, *f.objects[name])
	}
	reply(w, http.StatusOK, list)
}

// watch sends events until the client stops.
func (f *fakeServer) watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flush := func() { _ = http.NewResponseController(w).Flush() }
	f.mu.Lock()
	defer f.mu.Unlock()
	sent, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, o := range f.objects {
			_, _ = io.WriteString(w, eventLine("ADDED", o))
		}
		end := f.bookmarkObject()
		end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		_, _ = io.WriteString(w, eventLine("BOOKMARK", end))
		sent = f.version
	}
	for r.Context().Err() == nil {
		var lines strings.Builder
		for _, e := range f.events {
			if e.version > sent && !e.lost {
				lines.WriteString(e.text)
			}
		}
		sent = f.version
		changed := f.changed
		f.mu.Unlock()
		_, err := io.WriteString(w, lines.String())
		flush()
		if err == nil {
			select {
			case <-changed:
			case <-r.Context().Done():
			}
		}
		f.mu.Lock()
		if err != nil {
			return
		}
	}
}

func (f *fakeServer) secret(w http.ResponseWriter, r *http.Request, namespace, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch key := namespace + "/" + name; {
	case f.objects[namespace] == nil:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("namespaces %q not found", namespace))
		return
	case f.secrets[key] == 0 && r.URL.Query().Get("dryRun") != "":
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("secrets %q not found", name))
		return
	case r.Method == http.MethodDelete:
		delete(f.secrets, key)
	default:
		f.secrets[key]++
	}
	o := f.bookmarkObject()
	o.Name, o.Namespace, o.UID = name, namespace, "uid"
	o.Labels = map[string]string{labelManagedBy: fieldManager}
	reply(w, http.StatusOK, o)
}

func (f *fakeServer) serveLease(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodGet {
		if f.lease == nil {
			fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, "lease not found")
			return
		}
		reply(w, http.StatusOK, f.lease)
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	o, _, err := scheme.Codecs.UniversalDeserializer().Decode(content, nil, nil)
	if err != nil {
		panic(err)
	}
	lease := o.(*coordinationv1.Lease)
	if f.lease != nil && lease.ResourceVersion != f.lease.ResourceVersion {
		fail(w, http.StatusConflict, metav1.StatusReasonConflict, "the lease was changed")
		return
	}
	f.version++
	lease.ResourceVersion = strconv.Itoa(f.version)
	lease.TypeMeta = metav1.TypeMeta{Kind: "Lease", APIVersion: "coordination.k8s.io/v1"}
	f.lease = lease
	reply(w, http.StatusOK, lease)
}

func reply(w http.ResponseWriter, code int, o any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(o); err != nil {
		panic(err)
	}
}

// fail answers with an error in the form of the API server.
func fail(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	reply(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
	})
}

// RoundTrip implements http.RoundTripper without a network.
func (f *fakeServer) RoundTrip(r *http.Request) (*http.Response, error) {
	in, out := io.Pipe()
	w := &fakeResponse{out: out, header: http.Header{}, started: make(chan struct{})}
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		defer cancel()
		f.ServeHTTP(w, r.WithContext(ctx))
		w.WriteHeader(http.StatusOK)
		_ = out.Close()
	}()
	stop := context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(context.Cause(r.Context())) })
	select {
	case <-w.started:
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
	return &http.Response{
		StatusCode: w.code, Status: http.StatusText(w.code), Header: w.header, Request: r, ContentLength: -1,
		Body: &body{in, func() {
			stop()
			cancel()
			_ = in.Close()
		}},
	}, nil
}

// A fakeResponse is an http.ResponseWriter that streams.
type fakeResponse struct {
	out     *io.PipeWriter
	header  http.Header
	code    int
	started chan struct{}
}

func (w *fakeResponse) Header() http.Header { return w.header }
func (w *fakeResponse) Flush()              {}

func (w *fakeResponse) WriteHeader(code int) {
	if w.code == 0 {
		w.code = cmp.Or(code, http.StatusOK)
		close(w.started)
	}
}

func (w *fakeResponse) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}

// writeNever makes a request hang until the client gives up.
func writeNever(_ http.ResponseWriter, r *http.Request) bool {
	<-r.Context().Done()
	return true
}
