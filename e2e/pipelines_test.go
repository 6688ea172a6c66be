package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// TestPipelines runs published pipelines with each version of Docker, with and without their login step.
func TestPipelines(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	for _, c := range dockers(t) {
		for name, run := range map[string]func(*testing.T, fixture){
			"ciServer":           ciServer,
			"manyJobs":           manyJobs,
			"manyJobsWithLogin":  manyJobsWithLogin,
			"developersPassword": developersPassword,
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				aws.ClearFaults()
				aws.ResetCalls()
				run(t, fixture{aws: aws, client: c, image: img, row: new(row)})
			})
		}
	}
}

// ciServer builds and pushes two images on a CI server. The password was a parameter of three steps, because it was too
// long for the server's password field. The steps are no longer needed.
func ciServer(t *testing.T, sc fixture) {
	const build = `
		docker build --quiet --tag $HOST/$NAME-helm:$TAG $CONTEXT
		docker build --quiet --tag $HOST/$NAME-helm-ci:$TAG $CONTEXT
		docker push $HOST/$NAME-helm:$TAG
		docker push $HOST/$NAME-helm-ci:$TAG`
	const login, logout = "docker login -u $docker_username -p $docker_password $docker_server\n", "\ndocker logout $docker_server"
	repository := strings.ToLower(t.Name())
	s := sc.session(t, credsStore).with("DOCKER_BUILDKIT=0", "NAME="+repository,
		"docker_server="+firstHost, "docker_username=AWS", "docker_password="+sc.aws.IssueToken("us-west-2", false))
	for tag, script := range []string{build, login + build + logout, build} {
		s := s.with(fmt.Sprintf("TAG=%d", tag))
		if output := s.must(t, script, firstHost); strings.Contains(output, "password not stored") {
			t.Errorf("the password of the login was not stored:\n%s", output)
		}
		s.mustNotWritePassword(t)
		for _, name := range []string{"-helm", "-helm-ci"} {
			ref := fmt.Sprintf("%s/%s%s:%d", firstHost, repository, name, tag)
			s.must(t, sc.client.remove, ref)
			s.must(t, sc.client.pull, ref)
			s.must(t, sc.client.remove, ref)
		}
	}
}

// developersPassword passes the output of "password" to docker login on a machine without the helper, as a developer
// does to create an image pull secret. The output must contain only the password.
func developersPassword(t *testing.T, sc fixture) {
	s, ref := sc.session(t, credsStore), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	s.must(t, sc.client.remove, ref)
	writeFile(t, s.home+"/plain/config.json", `{"auths": {"registry.example": {}}}`) // if auths is empty, Docker tries pass
	const with = "DOCKER_CONFIG=$HOME/plain "
	if output, err := s.sh(t, with+sc.client.pull, ref); err == nil {
		t.Fatalf("the pull succeeded without the helper and without a password:\n%s", output)
	}
	s.must(t, "docker-credential-ecr-login password $HOST | "+with+"docker login --username AWS --password-stdin $HOST", ref)
	s.must(t, with+sc.client.pull, ref)
}

// job is a GitLab pipeline that tags an image with the commit and pushes it.
const job = `
	docker tag "$IMAGE_NAME" "$ECR_ADDRESS:$CI_COMMIT_SHA"
	docker push "$ECR_ADDRESS:$CI_COMMIT_SHA"`

// oldJob is job with a login and a logout. "aws ecr get-login" prints the login command.
const oldJob = `
	eval $(echo "docker login -u AWS -p $PASSWORD https://$HOST")` + job + `
	docker logout $HOST`

// manyJobs runs concurrent jobs without a login. AWS receives one token request.
func manyJobs(t *testing.T, sc fixture) {
	s := sc.session(t, credHelpers)
	sc.aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: 500 * time.Millisecond})
	runJobs(t, sc, s, job, job)
	if n := tokenRequests(sc.aws, "us-west-2"); n != 1 {
		t.Errorf("AWS received %d token requests, want 1", n)
	}
}

// manyJobsWithLogin is manyJobs with a login and a logout in every other job. A logout may remove the token of the
// other jobs.
func manyJobsWithLogin(t *testing.T, sc fixture) {
	s := sc.session(t, credHelpers).with("PASSWORD=" + sc.aws.IssueToken("us-west-2", false))
	runJobs(t, sc, s, job, oldJob)
	s.mustNotWritePassword(t)
}

// runJobs runs eight concurrent jobs of the two kinds in turn, and then pulls the pushed images.
func runJobs(t *testing.T, sc fixture, s *session, kinds ...string) {
	t.Helper()
	ref := reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	address := strings.TrimSuffix(ref, ":1")
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			job := s.with("IMAGE_NAME="+ref, "ECR_ADDRESS="+address, fmt.Sprintf("CI_COMMIT_SHA=commit-%d", i))
			if output, err := job.sh(t, kinds[i%len(kinds)], ref); err != nil {
				errs[i] = fmt.Errorf("job %d: %w\n%s", i, err, output)
			}
		})
	}
	all.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		t.Fatal(errs[i])
	}
	for i := range errs {
		pushed := fmt.Sprintf("%s:commit-%d", address, i)
		s.must(t, sc.client.remove, pushed)
		s.must(t, sc.client.pull, pushed)
	}
}
