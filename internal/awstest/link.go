package awstest

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Link is a relay that behaves like a slow network between a program and a listener: bytes arrive half a round trip
// after they were sent, in each direction. The bandwidth is not limited. A relay cannot delay connect(), so it holds
// the first bytes from the program one round trip longer instead.
type Link struct {
	// Address is 127.0.0.1:PORT, where programs connect instead of the listener.
	Address string

	target    string
	roundTrip time.Duration
	listener  net.Listener
	relaying  sync.WaitGroup

	mu     sync.Mutex // protects all fields below
	closed bool
	hang   chan struct{} // closed by Hang and Close, for the connections that are open then
	conns  map[net.Conn]struct{}
	trips  int // see Trips
	resets int // calls of ResetTrips
}

// NewLink calls StartLink, and closes the Link when the test ends.
func NewLink(tb testing.TB, target string, roundTrip time.Duration) *Link {
	tb.Helper()
	l, err := StartLink(target, roundTrip)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.Close)
	return l
}

// StartLink starts a Link to the listener at target, which is HOST:PORT or a URL such as Server.Proxy and
// Server.SecureURL. The caller must close it.
func StartLink(target string, roundTrip time.Duration) (*Link, error) {
	if _, hostPort, ok := strings.Cut(target, "://"); ok {
		target = hostPort
	}
	listener, err := listen("")
	if err != nil {
		return nil, fmt.Errorf("listening for the link: %w", err)
	}
	l := &Link{
		Address: listener.Addr().String(), target: target, roundTrip: roundTrip,
		listener: listener, hang: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	l.relaying.Go(l.accept)
	return l, nil
}

// Trips returns the number of sequential round trips since the start or ResetTrips: the longest chain in which the
// program received bytes, sent more bytes on any connection, and the listener sent bytes after these had arrived. A new
// connection adds one. Round trips at the same time count once.
func (l *Link) Trips() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trips
}

// ResetTrips resets the count. Connections that are already open are no longer counted.
func (l *Link) ResetTrips() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trips = 0
	l.resets++
}

// Hang makes the open connections hang, as if the network lost all packets: no byte arrives any more, and neither side
// is closed. New connections are not affected.
func (l *Link) Hang() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.hang)
	l.hang = make(chan struct{})
}

// Close stops the Link and closes all connections.
func (l *Link) Close() {
	_ = l.listener.Close() // fails the second time
	l.Hang()
	l.mu.Lock()
	l.closed = true
	for c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.relaying.Wait()
}

// OpenConns returns the number of connections that neither side has closed completely.
func (l *Link) OpenConns() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns) / 2
}

func (l *Link) accept() {
	for {
		program, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.relaying.Go(func() {
			defer program.Close()
			server, err := net.Dial("tcp", l.target)
			if err != nil {
				return
			}
			defer server.Close()
			l.relay(program, server)
		})
	}
}

// relay copies the bytes between the two connections until both directions have ended.
func (l *Link) relay(program, server net.Conn) {
	hang, ok := l.track(program, server)
	if !ok {
		return
	}
	defer l.untrack(program, server)
	c := &linkCount{link: l}
	var both sync.WaitGroup
	both.Go(func() {
		d := direction{from: program, to: server, delay: l.roundTrip / 2, hold: l.roundTrip, hang: hang}
		d.taken, d.leaves = c.sent, c.arrives
		d.run()
	})
	both.Go(func() {
		d := direction{from: server, to: program, delay: l.roundTrip / 2, hang: hang}
		d.taken, d.leaves = c.answered, c.returns
		d.run()
	})
	both.Wait()
}

// track adds the connections to those that Close closes. The channel is closed when they hang; ok is false after Close.
func (l *Link) track(conns ...net.Conn) (hang <-chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, false
	}
	for _, c := range conns {
		l.conns[c] = struct{}{}
	}
	return l.hang, true
}

func (l *Link) untrack(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
	}
}

// A linkCount counts the round trips of one connection. It gives bytes a number: the length of the chain, as Trips
// describes it, that ends with them.
type linkCount struct {
	link   *Link
	opened bool // the program has sent bytes on this connection
	resets int  // calls of ResetTrips before that
	last   int  // number of the last bytes that the listener received
}

// sent returns the number of bytes that the program sends.
func (c *linkCount) sent() int {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if !c.opened {
		c.opened, c.resets = true, c.link.resets
		return c.link.trips + 1 // connect()
	}
	return c.link.trips
}

// arrives is called when bytes arrive at the listener.
func (c *linkCount) arrives(number int) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.last = max(c.last, number)
}

// answered returns the number of bytes that the listener sends.
func (c *linkCount) answered() int {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.last + 1
}

// returns is called when bytes arrive at the program.
func (c *linkCount) returns(number int) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.resets == c.link.resets {
		c.link.trips = max(c.link.trips, number)
	}
}

// A direction copies the bytes of one direction of a connection. They leave it after a delay.
type direction struct {
	from, to net.Conn
	delay    time.Duration    // of all bytes
	hold     time.Duration    // additional delay of the first bytes
	taken    func() int       // returns the number of bytes that were just read; see linkCount
	leaves   func(number int) // called before bytes with that number are written
	hang     <-chan struct{}  // closed when no bytes arrive any more
}

// A chunk is a number of bytes that are delayed.
type chunk struct {
	bytes  []byte // empty for the end
	due    time.Time
	number int
}

// run copies until from ends or a connection fails. The end is delayed like bytes.
func (d *direction) run() {
	queue := make(chan chunk, 1<<12) // with room for more than a program sends in a round trip
	var writing sync.WaitGroup
	writing.Go(func() {
		d.write(queue)
		for range queue { // has no receiver if a connection failed
		}
	})
	due := time.Time{}
	for first := true; ; first = false {
		b := make([]byte, 64<<10)
		n, err := d.from.Read(b)
		at := time.Now().Add(d.delay)
		if first {
			at = at.Add(d.hold)
		}
		if at.After(due) {
			due = at // bytes do not overtake those before them
		}
		if n > 0 {
			queue <- chunk{b[:n], due, d.taken()}
		}
		if err != nil {
			queue <- chunk{due: due}
			break
		}
	}
	close(queue)
	writing.Wait()
}

// write writes the chunks of the queue when they are due. After the end it closes that direction of the connection.
func (d *direction) write(queue <-chan chunk) {
	for c := range queue {
		select {
		case <-time.After(time.Until(c.due)):
		case <-d.hang:
		}
		select {
		case <-d.hang:
			return
		default:
		}
		if len(c.bytes) == 0 {
			break
		}
		d.leaves(c.number)
		if _, err := d.to.Write(c.bytes); err != nil {
			_ = d.from.Close() // ends the reads of run
			return
		}
	}
	if half, ok := d.to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only if the connection is closed
		return
	}
	_ = d.to.Close()
}
