package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"ecrlogin/internal/proctable"
)

// starts is the number of starts of ecr-token-refresh for a median.
const starts = 50

// idle is the time after which a program that has nothing to do is measured.
const idle = 2 * time.Second

// refresh measures ecr-token-refresh: the time from exec until the password file is written, its memory when it is idle
// after that, and its size. The time is relative to that of a helper that requests a token.
func (b *bench) refresh(t *table) error {
	miss, err := b.static(b.helper, "AWS_ECR_DISABLE_CACHE=1")
	if err != nil {
		return err
	}
	var took, base []time.Duration
	for range starts {
		d, _, err := b.startRefresh(0)
		if err != nil {
			return err
		}
		_, floor, err := miss.run()
		if err != nil {
			return err
		}
		took, base = append(took, d), append(base, floor)
	}
	t.add("ecr-token-refresh, exec to password file, relative to a miss of the helper",
		ratio(median(took), median(base)), "≤ 2.0")
	memory := "not measured, because this requires Linux"
	if runtime.GOOS == "linux" {
		_, ours, err := b.startRefresh(idle)
		if err != nil {
			return err
		}
		echo, err := b.startEcho(idle)
		if err != nil {
			return err
		}
		memory = mebibytes(ours) + " / " + mebibytes(echo)
	}
	t.add("ecr-token-refresh, resident memory when idle / of the baseline", memory, "≤ 40 MiB")
	size, err := sizeOf(b.refresher)
	t.add("ecr-token-refresh, size of the stripped binary", size, "≤ 34 MiB")
	return err
}

// startRefresh starts ecr-token-refresh with the configuration of one password file. It returns the time from the start
// until this is written, and how much memory is resident after another period.
func (b *bench) startRefresh(period time.Duration) (took time.Duration, memory int64, err error) {
	home, err := b.newHome()
	if err != nil {
		return 0, 0, err
	}
	file, config := filepath.Join(home, "password"), filepath.Join(home, "config.yaml")
	yaml := fmt.Sprintf("interval: 30m\nregistries:\n- registry: %s\n  passwordFile: %s\n", host, file)
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(b.refresher, "--config", config, "--listen", "127.0.0.1:0")
	var log bytes.Buffer
	cmd.Env, cmd.Stderr = b.environ(home, keys...), &log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	for took < 10*time.Second {
		if _, err = os.Stat(file); err == nil {
			break
		}
		time.Sleep(100 * time.Microsecond)
		took = time.Since(began)
	}
	memory = residentAfter(cmd, period)
	if err != nil {
		return 0, 0, fmt.Errorf("ecr-token-refresh has written no password file: %w\n%s", err, log.String())
	}
	return took, memory, nil
}

// startEcho starts the baseline program, which waits for input, and returns how much memory is resident after a period.
func (b *bench) startEcho(period time.Duration) (memory int64, err error) {
	cmd := exec.Command(b.echo)
	input, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	defer input.Close()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return residentAfter(cmd, period), nil
}

// residentAfter returns how much memory of a process is resident after a period, and kills the process.
func residentAfter(cmd *exec.Cmd, period time.Duration) (memory int64) {
	time.Sleep(period)
	status, _ := proctable.Status(cmd.Process.Pid) // only on Linux
	memory = status["VmRSS"] << 10
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // an error, because it was killed
	return memory
}
