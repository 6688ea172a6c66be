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

// TestPipelines runs pipelines that people have published, with every version of Docker:
// without their login step, and with it left in.
func TestPipelines(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	for _, c := range dockers(t) {
		for name, play := range map[string]func(*testing.T, scene){
			"ciServer":           ciServer,
			"manyJobs":           manyJobs,
			"manyJobsWithLogin":  manyJobsWithLogin,
			"developersPassword": developersPassword,
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				aws.ClearFaults()
				aws.ResetCalls()
				play(t, scene{aws: aws, client: c, image: img, row: new(row)})
			})
		}
	}
}

// ciServer is a project of a CI server that builds and pushes two images. Its password was too
// long for the server's own field, so it was a parameter of three steps that are needed no more.
func ciServer(t *testing.T, sc scene) {
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
			t.Errorf("the login had no effect:\n%s", output)
		}
		s.wroteNoPassword(t)
		for _, name := range []string{"-helm", "-helm-ci"} {
			ref := fmt.Sprintf("%s/%s%s:%d", firstHost, repository, name, tag)
			s.must(t, sc.client.remove, ref)
			s.must(t, sc.client.pull, ref)
			s.must(t, sc.client.remove, ref)
		}
	}
}

// developersPassword is the command that gave a developer's cluster its image pull secret. The
// helper prints what Docker on a machine without the helper takes, and nothing else.
func developersPassword(t *testing.T, sc scene) {
	s, ref := sc.session(t, credsStore), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	s.must(t, sc.client.remove, ref)
	writeFile(t, s.home+"/plain/config.json", `{"auths": {"registry.example": {}}}`) // with none, Docker would try pass
	const with = "DOCKER_CONFIG=$HOME/plain "
	if output, err := s.sh(t, with+sc.client.pull, ref); err == nil {
		t.Fatalf("there is no helper and no password, and it was pulled all the same:\n%s", output)
	}
	s.must(t, "docker-credential-ecr-login password $HOST | "+with+"docker login --username AWS --password-stdin $HOST", ref)
	s.must(t, with+sc.client.pull, ref)
}

// job is a pipeline of GitLab's that builds an image and pushes it by the name of a commit.
const job = `
	docker tag "$IMAGE_NAME" "$ECR_ADDRESS:$CI_COMMIT_SHA"
	docker push "$ECR_ADDRESS:$CI_COMMIT_SHA"`

// oldJob is the same with the line that logs in; aws ecr get-login prints a command. It logs out as well.
const oldJob = `
	eval $(echo "docker login -u AWS -p $PASSWORD https://$HOST")` + job + `
	docker logout $HOST`

// manyJobs runs jobs at once on a runner where nobody has logged in. They ask AWS for one token.
func manyJobs(t *testing.T, sc scene) {
	s := sc.session(t, credHelpers)
	sc.aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: 500 * time.Millisecond})
	runJobs(t, sc, s, job, job)
	if n := asked(sc.aws, "us-west-2"); n != 1 {
		t.Errorf("AWS was asked %d times", n)
	}
}

// manyJobsWithLogin is manyJobs while every other job still logs in before and out afterwards,
// which takes the others' token away now and then.
func manyJobsWithLogin(t *testing.T, sc scene) {
	s := sc.session(t, credHelpers).with("PASSWORD=" + sc.aws.IssueToken("us-west-2", false))
	runJobs(t, sc, s, job, oldJob)
	s.wroteNoPassword(t)
}

// runJobs runs eight jobs of that user at once, of the two kinds in turn, and then looks for what
// they pushed.
func runJobs(t *testing.T, sc scene, s *session, kinds ...string) {
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
