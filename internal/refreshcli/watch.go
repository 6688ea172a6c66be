package refreshcli

import (
	"bytes"
	"context"
	"time"

	"ecrlogin/internal/configpath"
)

// poll is how often the configuration file is read. Reading it works with every way to change a file, such as the
// links that the kubelet replaces, and on every file system.
const poll = time.Second

// A watcher looks for changes of a file.
type watcher struct {
	path string
	last []byte // content that was reported last
	err  string // error that was reported last; "" if content was
}

// run calls changed for each change of the file until ctx is done: with the new content, or with the error if it cannot
// be read. A content is new if two successive reads return it, because an editor may be writing the file.
func (w *watcher) run(ctx context.Context, changed func(content []byte, err error)) {
	ticks := time.NewTicker(poll)
	defer ticks.Stop()
	before, errBefore := w.last, w.err
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		content, err := configpath.ReadFile(w.path)
		text := ""
		if err != nil {
			content, text = nil, err.Error()
		}
		stable := bytes.Equal(content, before) && text == errBefore
		before, errBefore = content, text
		if !stable || bytes.Equal(content, w.last) && text == w.err {
			continue
		}
		w.last, w.err = content, text
		changed(content, err)
	}
}
