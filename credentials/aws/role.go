package aws

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DefaultRoleSessionName is the session name in CloudTrail if the configuration has no roleSessionName.
const DefaultRoleSessionName = "ecr-login"

// assume replaces the credentials in cfg with those of the wanted role, which it assumes with the former. It calls STS
// in the registry's region, which keeps the request in the registry's partition.
func (t *try) assume(ctx context.Context, cfg *awssdk.Config) error {
	wanted := t.wanted
	if !strings.HasPrefix(wanted.RoleARN, "arn:"+t.registry.Partition+":") {
		return &partitionError{wanted.RoleARN}
	}
	t.identity.role = wanted.RoleARN
	began := time.Now()
	cfg.Credentials = awssdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*cfg), wanted.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(wanted.RoleSessionName, DefaultRoleSessionName)
		o.Duration = wanted.Duration
		if wanted.ExternalID != "" {
			o.ExternalID = &wanted.ExternalID
		}
	}))
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	t.secrets.addKeys(keys)
	t.identity.label = fmt.Sprintf("role %s via %s", wanted.RoleARN, t.identity.label)
	t.log.Info("role assumed", "identity", t.identity.label, "took", time.Since(began))
	return nil
}

// A partitionError reports a role in another partition than the registry.
type partitionError struct{ role string }

func (e *partitionError) Error() string { return "role " + e.role + " is in another partition" }
