package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// awaitSecret waits until the Secret regcred of a namespace is accepted, and returns it.
func (r refreshRelease) awaitSecret(
	t *testing.T, log *transcript, namespace string, wanted func(*corev1.Secret) bool,
) *corev1.Secret {
	t.Helper()
	return await(t, log, r.client.CoreV1().Secrets(namespace), named(secretName), wanted)
}

func anySecret(*corev1.Secret) bool { return true }

// deleteSecret deletes the Secret regcred.
func (r refreshRelease) deleteSecret(t *testing.T, namespace string) {
	t.Helper()
	if err := r.client.CoreV1().Secrets(namespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// hasSecret reports whether the Secret regcred exists.
func (r refreshRelease) hasSecret(t *testing.T, namespace string) bool {
	t.Helper()
	_, err := r.client.CoreV1().Secrets(namespace).Get(t.Context(), secretName, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// passwordsOf returns the passwords in a Secret by registry.
func passwordsOf(s *corev1.Secret) (map[string]string, error) {
	var config struct {
		Auths map[string]struct{ Username, Password, Auth string }
	}
	if err := json.Unmarshal(s.Data[corev1.DockerConfigJsonKey], &config); err != nil {
		return nil, err
	}
	passwords := map[string]string{}
	for host, a := range config.Auths {
		if a.Username != "AWS" || a.Password == "" || a.Auth == "" {
			return nil, fmt.Errorf("the entry of %s is incomplete", host)
		}
		passwords[host] = a.Password
	}
	return passwords, nil
}

// accepts asks the stand-in's registry whether a password is valid.
func accepts(ctx context.Context, aws *awstest.Server, host, password string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/v2/", nil)
	if err != nil {
		return false, err
	}
	req.SetBasicAuth("AWS", password)
	resp, err := aws.Client().Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK, err
}

// mustBeValid fails the test unless a Secret contains one valid password for each host and no other one.
func mustBeValid(t *testing.T, aws *awstest.Server, s *corev1.Secret, hosts ...string) {
	t.Helper()
	passwords, err := passwordsOf(s)
	if err != nil || len(passwords) != len(hosts) {
		t.Fatalf("Secret in %s: %d passwords, want %d; error %v", s.Namespace, len(passwords), len(hosts), err)
	}
	for _, host := range hosts {
		valid, err := accepts(t.Context(), aws, host, passwords[host])
		if err != nil || !valid {
			t.Errorf("the registry %s rejects the password in %s/%s; error %v", host, s.Namespace, s.Name, err)
		}
	}
}
