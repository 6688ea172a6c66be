package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

// patchSecret applies a Secret, or looks it up if the request is a dry run.
func (s *apiServer) patchSecret(w http.ResponseWriter, r *http.Request, namespace, name string) {
	content, err := io.ReadAll(r.Body)
	var patch struct{ Metadata map[string]any }
	if err == nil {
		err = json.Unmarshal(content, &patch)
	}
	switch {
	case err != nil:
		fail(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	case rand.IntN(20) == 0:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, "ServiceUnavailable", "unavailable at random")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	home, existing := s.namespaces[namespace], s.secrets[namespace]
	wrong := existing != nil && (differs(patch.Metadata, existing.metadata, "uid") ||
		differs(patch.Metadata, existing.metadata, "resourceVersion")) || existing == nil && patch.Metadata["uid"] != nil
	switch {
	case home == nil:
		fail(w, http.StatusNotFound, "NotFound", fmt.Sprintf("namespaces %q not found", namespace))
	case existing == nil && r.URL.Query().Get("dryRun") != "":
		fail(w, http.StatusNotFound, "NotFound", fmt.Sprintf("secrets %q not found", name))
	case existing == nil && home.metadata["deletionTimestamp"] != nil:
		fail(w, http.StatusForbidden, "Forbidden", "the namespace is being terminated", "NamespaceTerminating")
	case wrong:
		fail(w, http.StatusConflict, "Conflict", "the Secret was changed")
	case r.URL.Query().Get("dryRun") != "":
		reply(w, http.StatusOK, partial(existing.metadata))
	default:
		s.store(namespace, name, existing, patch.Metadata, content)
		reply(w, http.StatusOK, partial(s.secrets[namespace].metadata))
	}
}

// store writes a Secret.
func (s *apiServer) store(namespace, name string, existing *object, metadata map[string]any, content []byte) {
	s.writes++
	s.checkSecret(namespace, content)
	o := &object{metadata: s.newMetadata(name), created: time.Now(), content: content}
	if existing != nil {
		o.metadata["uid"] = existing.metadata["uid"]
	}
	o.metadata["namespace"], o.metadata["resourceVersion"] = namespace, strconv.Itoa(s.version)
	o.metadata["labels"], o.metadata["annotations"] = metadata["labels"], metadata["annotations"]
	s.secrets[namespace] = o
}

// differs reports whether a precondition is not that of the object.
func differs(patch, existing map[string]any, key string) bool {
	return patch[key] != nil && patch[key] != existing[key]
}

func (s *apiServer) serveLease(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodGet {
		if s.lease == nil {
			fail(w, http.StatusNotFound, "NotFound", "the lease was not found")
			return
		}
		reply(w, http.StatusOK, s.lease)
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	o, _, err := scheme.Codecs.UniversalDeserializer().Decode(content, nil, nil)
	lease, ok := o.(*coordinationv1.Lease)
	switch {
	case err != nil || !ok:
		fail(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("not a lease: %v", err))
	case s.lease != nil && lease.ResourceVersion != s.lease.ResourceVersion:
		fail(w, http.StatusConflict, "Conflict", "the lease was changed")
	default:
		s.version++
		lease.ResourceVersion = strconv.Itoa(s.version)
		lease.Kind, lease.APIVersion = "Lease", "coordination.k8s.io/v1"
		s.lease = lease
		reply(w, http.StatusOK, lease)
	}
}

func reply(w http.ResponseWriter, code int, o any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(o) // fails if the client is gone
}

// fail answers with an error in the form of the API server, and the reason of a cause, if any.
func fail(w http.ResponseWriter, code int, reason, message string, causes ...string) {
	list := []map[string]string{}
	for _, cause := range causes {
		list = append(list, map[string]string{"reason": cause})
	}
	reply(w, code, map[string]any{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message,
		"details": map[string]any{"causes": list},
	})
}
