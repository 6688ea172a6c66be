package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ecrlogin/internal/awstest"
)

// login runs docker login, list and logout for one host, again and again. While the password is stored, gets return it;
// after the logout, they never do.
func (g *gets) login(done <-chan struct{}) {
	c := g.docker("docker login", logins, arnOf(awstest.Account), keys...)
	c.want.Region = "us-west-2"
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(100 * time.Millisecond):
		}
		c := c
		if n%2 == 1 {
			c = g.inSteady(c)
		}
		if err := g.cycle(c); err != nil {
			g.faults.add("%s: docker login: %v", time.Now().Format(time.TimeOnly), err)
		}
		g.mu.Lock()
		g.logins++
		g.mu.Unlock()
	}
}

// cycle runs docker login, get, list, docker logout and get.
func (g *gets) cycle(c client) error {
	password := g.cloud.IssueToken(c.want.Region, false)
	stored, err := json.Marshal(map[string]string{"ServerURL": c.stdin, "Username": "AWS", "Secret": password})
	if err != nil {
		return err
	}
	undisturbed := g.wipes.undisturbed()
	if c.steady {
		undisturbed = func() bool { return true }
	}
	o := execute(c.path, []string{"store"}, c.env, string(stored))
	if o.err != nil || o.out != "" || !strings.Contains(o.errOut, "password stored") && undisturbed() {
		return fmt.Errorf("store: %v: %s%s", o.err, o.out, o.errOut)
	}
	ofLogin := c
	ofLogin.want.ARN = ""
	o = execute(c.path, c.args, c.env, c.stdin)
	if v, err := ofLogin.check(g.cloud, o); (err != nil || v.password != password) && undisturbed() {
		return fmt.Errorf("get after store: %v: %.200s%s", err, o.out, o.errOut)
	}
	o = execute(c.path, []string{"list"}, c.env, "")
	var hosts map[string]string
	if err := json.Unmarshal([]byte(o.out), &hosts); err != nil || o.err != nil || o.errOut != "" {
		return fmt.Errorf("list: %v, %v: %s", o.err, err, o.errOut)
	}
	if user := hosts[c.stdin]; user != "AWS" && undisturbed() {
		return fmt.Errorf("list after store: %v", hosts)
	}
	if o := execute(c.path, []string{"erase"}, c.env, c.stdin); o.err != nil || o.out+o.errOut != "" && undisturbed() {
		return fmt.Errorf("erase: %v: %s%s", o.err, o.out, o.errOut)
	}
	o = execute(c.path, c.args, c.env, c.stdin)
	if _, err := c.check(g.cloud, o); err != nil { // the password of the login has no ARN
		return fmt.Errorf("get after erase: %w: %s", err, o.errOut)
	}
	return nil
}
