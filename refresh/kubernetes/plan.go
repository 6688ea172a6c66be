package kubernetes

import (
	"context"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
)

// A Change is what Apply would do in a namespace.
type Change struct {
	Namespace string
	Action    string // "create", "update", "take over", "delete", ActionFail, or "skip" in a namespace being deleted
	Reason    string // one line
}

// ActionFail is the Action in a namespace for which Apply would report a failure. The Reason is that failure.
const ActionFail = "fail"

// plan returns what write would do in a namespace, or its error. The API server processes the same requests in a dry
// run, with a sample instead of passwords, so that it checks permissions, policies and quotas too.
func (w *writer) plan(ctx context.Context, namespace string) (Change, error) {
	c, err := newContent(w.rule, samples(w.rule.Logins, w.now()))
	if err != nil {
		return Change{}, err
	}
	action, found, err := (&writing{writer: w, namespace: namespace, content: c, dryRun: true}).run(ctx)
	if err != nil {
		return Change{}, err
	}
	change := Change{Namespace: namespace, Action: action}
	switch action {
	case actionCreate:
		change.Reason = "does not exist"
	case actionUpdate:
		change.Reason = "managed by this program"
		if expiry := found.Annotations[AnnotationExpiry]; expiry != "" {
			change.Reason += ", expires " + expiry
		}
	case actionAdopt:
		change.Reason = "managed by " + w.manager(found) + ", and the rule has adopt: true"
	case actionSkip:
		change.Reason = "the namespace is being deleted"
	}
	return change, nil
}

// samples returns credentials for all logins without passwords.
func samples(logins []refresh.Login, now time.Time) []refresh.Credential {
	creds := make([]refresh.Credential, len(logins))
	for i, l := range logins {
		creds[i] = refresh.Credential{Login: l, Token: credentials.Token{
			Username: "AWS", Password: "dry-run", Issued: now, Expiry: now.Add(time.Hour),
		}}
	}
	return creds
}
