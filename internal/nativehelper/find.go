package nativehelper

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"unicode"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/program"
)

// askedBy is the environment variable that is set for a helper. A process of this program that the helper starts
// detects a loop by it. Its value is the name of the helper.
const askedBy = "ECR_LOGIN_FALLBACK"

// errMissing reports that a helper is not installed. Get treats it as "not found" rather than as a failure, because
// clients can still access the registry without a password.
var errMissing = errors.New("is not on PATH")

// find returns the path of the helper, or an error with the cause and the next step if the helper must not be run.
func (h *Helper) find() (path string, err error) {
	switch asker := h.Env.Get(askedBy); {
	case !plain(h.Name):
		return "", advice.Errorf("invalid helper name %q, expected a name such as pass for docker-credential-pass", h.Name).
			Then("correct %s", h.named())
	case h.Name == program.Helper:
		return "", advice.Errorf("%s would run itself", h.program()).Then("change %s", h.named())
	case asker != "":
		return "", advice.Errorf("fallback loop: docker-credential-%s falls back to ecr-login, which falls back to %s", asker, h.Name).
			Then("change %s, or the fallback of docker-credential-%s", h.named(), asker)
	}
	if asks, _ := ancestry(); asks {
		return "", advice.Errorf("fallback loop: %s was not run, because ecr-login was started by a helper that ecr-login is waiting for", h.program()).
			Then("change %s, or what that helper runs", h.named())
	}
	path, err = exec.LookPath(h.program())
	switch {
	case errors.Is(err, exec.ErrDot):
		return "", advice.Errorf("%s %w except in the current directory, which is not searched", h.program(), errMissing).
			Then("install it in another directory on PATH, or change %s", h.named())
	case err != nil:
		return "", advice.Errorf("%s %w", h.program(), errMissing).Then("install it, or change %s", h.named())
	case isSelf(path):
		return "", advice.Errorf("%s is ecr-login under another name and would run itself", h.program()).
			Then("change %s", h.named())
	}
	return path, nil
}

// plain reports whether a name is safe as part of a file name, so that it cannot refer to another directory.
func plain(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.+", r)
	})
}

// isSelf reports whether path is the running program, or a link to it.
func isSelf(path string) bool {
	own, err := os.Executable()
	if err != nil {
		return false
	}
	a, errA := os.Stat(own)
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}
