package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A statement is an in-toto statement of version 1 with a SLSA provenance of version 1.
// See https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and https://slsa.dev/spec/v1.0/provenance.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

// A subject is a file or another resource, with its hash by algorithm.
type subject struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	BuildDefinition struct {
		BuildType            string            `json:"buildType"`
		ExternalParameters   map[string]string `json:"externalParameters"`
		InternalParameters   map[string]string `json:"internalParameters"`
		ResolvedDependencies []subject         `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
	} `json:"runDetails"`
}

// attested reports whether a file of a release is part of the statement: all files in SHA256SUMS, except the statement.
func attested(name string) bool {
	return name != "provenance.intoto.json" && !strings.HasSuffix(name, "SUMS") && filepath.Ext(name) != ".sha256"
}

// provenance returns a statement that all files in dir were built from the commit. It is not signed. It contains no time
// and no machine, so that a rebuild has the same statement.
func provenance(r release, dir string) ([]byte, error) {
	subjects, err := hashFiles(dir)
	if err != nil {
		return nil, err
	}
	goStandard, err := standardLibrary()
	if err != nil {
		return nil, err
	}
	s := statement{Type: "https://in-toto.io/Statement/v1", Subject: subjects, PredicateType: "https://slsa.dev/provenance/v1"}
	build := &s.Predicate.BuildDefinition
	build.BuildType = r.repository + "/blob/" + r.version + "/docs/dependencies.md#provenance"
	build.ExternalParameters = map[string]string{"command": r.command, "version": r.version}
	build.InternalParameters = map[string]string{"go": "go" + goStandard.version}
	build.ResolvedDependencies = []subject{{URI: "git+" + r.repository, Digest: map[string]string{"gitCommit": r.commit}}}
	s.Predicate.RunDetails.Builder.ID = r.repository + "/blob/" + r.version + "/Makefile"
	content, err := json.MarshalIndent(s, "", "  ")
	return append(content, '\n'), err
}

// hashFiles returns the files in dir with their SHA-256, sorted by name.
func hashFiles(dir string) ([]subject, error) {
	var subjects []subject
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || !attested(name) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a file of the release: %w", err)
		}
		hash := sha256.Sum256(content)
		subjects = append(subjects, subject{Name: filepath.ToSlash(name), Digest: map[string]string{"sha256": hex.EncodeToString(hash[:])}})
		return nil
	})
	if err == nil && len(subjects) == 0 {
		err = errors.New("the directory of the release is empty")
	}
	return subjects, err
}
