package kubernetes

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// abandonedAt is the remaining life of a password from which on the installation that wrote it does not run anymore. An
// installation that runs replaces passwords of 12 hours when they have six hours left.
const abandonedAt = 5 * time.Hour

// installation returns the name of this installation, or "" if it has none.
func (w *writer) installation() string { return w.rule.Form.Annotations[AnnotationInstallation] }

// rival returns the name of another installation of this program that keeps a Secret up to date, or "". Two of them
// would write different passwords, or even different registries, at each interval. They have the same field manager, so
// that the API server would not notice.
func (w *writer) rival(o *metav1.PartialObjectMetadata) string {
	other := o.Annotations[AnnotationInstallation]
	expiry, err := time.Parse(time.RFC3339, o.Annotations[AnnotationExpiry])
	if w.installation() == "" || other == w.installation() || err != nil || expiry.Sub(w.now()) < abandonedAt {
		return ""
	}
	return other
}
