package awstest

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

var regionPattern = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

// checkScope checks that r is signed for service and for the region of the dialed host. With AWS_ENDPOINT_URL, the host
// has no region, so all regions are valid.
func checkScope(r *request, service string, codes errorCodes) error {
	if r.signed.service != service {
		return &apiError{codes.status, codes.invalid, fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", service)}
	}
	badRegion := &apiError{codes.status, codes.invalid,
		fmt.Sprintf("Credential should be scoped to a valid region, not '%s'. ", r.signed.region)}
	if !regionPattern.MatchString(r.signed.region) {
		return badRegion
	}
	if !r.proxied {
		return nil
	}
	hostService, region := endpoint(r.host)
	if hostService != service {
		return &apiError{http.StatusNotFound, "UnknownOperationException", r.host + " has no such operation"}
	}
	if r.signed.region != region {
		return badRegion
	}
	return nil
}

// endpoint returns the service and the region of an AWS API host, such as api.ecr.us-west-2.amazonaws.com,
// ecr-fips.us-west-2.api.aws, or sts.amazonaws.com, which is in us-east-1. Both are empty for other hosts.
func endpoint(host string) (service, region string) {
	if host == "sts.amazonaws.com" {
		return "sts", "us-east-1"
	}
	labels := strings.Split(strings.TrimPrefix(host, "api."), ".")
	if len(labels) < 4 || !regionPattern.MatchString(labels[1]) {
		return "", ""
	}
	return strings.TrimSuffix(labels[0], "-fips"), labels[1]
}
