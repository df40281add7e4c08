package runner

import (
	"strings"
	"sync"
)

// stderrTail keeps the end of a process's standard error, and of the lines of its standard output
// that are no events.
type stderrTail struct {
	mu   sync.Mutex
	tail []byte
}

const (
	tailBytes = 64 << 10 // kept
	tailLines = 4        // shown
)

// Write keeps the last bytes. It never fails.
func (s *stderrTail) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tail = append(s.tail, data...)
	if over := len(s.tail) - tailBytes; over > 0 {
		s.tail = append(s.tail[:0], s.tail[over:]...)
	}
	return len(data), nil
}

// all returns all that is kept.
func (s *stderrTail) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.tail)
}

// text returns the lines to show: the one with which Go begins its report of a panic or signal and
// those before it, because goroutine dumps follow; otherwise the last lines.
func (s *stderrTail) text() string {
	lines := strings.FieldsFunc(s.all(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "SIG") {
			lines = lines[:i+1]
			break
		}
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], " | ")
}
