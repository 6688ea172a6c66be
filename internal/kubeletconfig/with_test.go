package kubeletconfig

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// ours is the provider that TestWith adds to each file.
var ours = Provider{
	Name: "ecr", APIVersion: ProtocolVersion, MatchImages: []string{"*.dkr.ecr.*.amazonaws.com", "public.ecr.aws"}, DefaultCacheDuration: "0s",
	Args: []string{"--config", "/etc/x.yaml"},
	TokenAttributes: &TokenAttributes{
		Audience: "sts.amazonaws.com", CacheType: "ServiceAccount", OptionalAnnotations: []string{"eks.amazonaws.com/role-arn"},
	},
}

// archives returns the paths of the archives. It fails if some are missing.
func archives(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/with/*.txtar")
	if err != nil || len(paths) < 11 {
		t.Fatalf("%d archives, %v", len(paths), err)
	}
	return paths
}

// TestWith runs the archives in testdata/with, which contain a file before and after With. Other providers, comments
// and layout are preserved, and a second call changes nothing. UPDATE_SCRIPTS=1 updates the archives.
func TestWith(t *testing.T) {
	for _, path := range archives(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			before, want := archive.Files[0].Data, archive.Files[1].Data
			if strings.Contains(path, "crlf") {
				before, want = bytes.ReplaceAll(before, []byte("\n"), []byte("\r\n")), bytes.ReplaceAll(want, []byte("\n"), []byte("\r\n"))
			}
			got := with(t, before)
			if os.Getenv("UPDATE_SCRIPTS") != "" {
				archive.Files[1].Data = bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
			if again := with(t, got); !bytes.Equal(again, got) {
				t.Errorf("the second call returns\n%s", again)
			}
		})
	}
}

// with calls With as callers do: unspecified fields of an existing provider are kept.
func with(t *testing.T, before []byte) []byte {
	t.Helper()
	f, err := parse("f", before)
	if err != nil {
		t.Fatal(err)
	}
	after, err := f.With(over(f))
	if err != nil {
		t.Fatal(err)
	}
	return after.Content
}

// over returns ours with DefaultCacheDuration and Env of the file's provider, which With does not change.
func over(f *File) Provider {
	p := ours
	if was, ok := f.Provider(p.Name); ok {
		p.DefaultCacheDuration, p.Env = was.DefaultCacheDuration, was.Env
		p.MatchImages = nil
		for _, images := range [][]string{was.MatchImages, ours.MatchImages} {
			for _, image := range images {
				if slices.Contains(ours.MatchImages, image) && !slices.Contains(p.MatchImages, image) {
					p.MatchImages = append(p.MatchImages, image)
				}
			}
		}
	}
	return p
}

// TestManualEdit checks that With refuses to lose content, and that the error contains the provider to add manually,
// but no secret.
func TestManualEdit(t *testing.T) {
	const other = "  apiVersion: credentialprovider.kubelet.k8s.io/v1\n  defaultCacheDuration: 0s\n"
	for name, text := range map[string]string{
		"in brackets":         head + "providers: [{name: a, apiVersion: credentialprovider.kubelet.k8s.io/v1, matchImages: [x], defaultCacheDuration: 0s}]\n",
		"ours in brackets":    head + "providers:\n- {name: ecr, apiVersion: credentialprovider.kubelet.k8s.io/v1, matchImages: [x], defaultCacheDuration: 0s, env: [{name: KEY, value: hunter2}]}\n",
		"comment in brackets": head + "providers:\n- name: ecr\n" + other + "  matchImages: [x] # ours\n",
		"version":             strings.ReplaceAll(head, "/v1\n", "/v1beta1\n") + "providers: []\n",
	} {
		f, err := parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		after, err := f.With(over(f))
		if err == nil || !strings.Contains(err.Error(), `add or replace this provider manually: {"name":"ecr","apiVersion":`) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v\n%v", name, err, after)
		}
	}
}

// FuzzWith checks that With edits any file correctly or not at all, that Masked hides all values of variables, and that
// parse does not panic.
func FuzzWith(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(strings.ReplaceAll(good, "\n", "\r")))
	f.Add([]byte(strings.ReplaceAll(strings.ReplaceAll(good, "name: a", "name: ecr"), "\n", "\r")))
	f.Add([]byte(strings.ReplaceAll(strings.ReplaceAll(good, "- name: a", "- \"name\": \"ecr\" # é"), "args", "'args'")))
	f.Add([]byte("\ufeff" + good))
	for _, path := range archives(f) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		file, err := parse("f", before)
		if err != nil {
			return
		}
		secrets := 0
		for _, p := range file.Providers {
			for _, v := range p.Env {
				secrets += strings.Count(v.Value, "hunter")
			}
		}
		if masked := file.Masked(); secrets == bytes.Count(before, []byte("hunter")) && bytes.Contains(masked, []byte("hunter")) {
			t.Errorf("masked: %q", masked)
		}
		after, err := file.With(over(file))
		if err != nil {
			return
		}
		got, err := parse("f", after.Content)
		if err != nil {
			t.Fatal(err)
		}
		others := func(f *File) []Provider {
			return slices.DeleteFunc(slices.Clone(f.Providers), func(p Provider) bool { return p.Name == ours.Name })
		}
		if a, b := others(file), others(got); len(a)+len(b) > 0 && !reflect.DeepEqual(a, b) {
			t.Errorf("other providers have changed: %+v, %+v", a, b)
		}
		if _, ok := got.Provider(ours.Name); !ok {
			t.Error("missing provider")
		}
	})
}
