package leases

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
)

// Owner is a process that takes leases.
type Owner struct {
	Host string // its name, of letters, digits, dots and hyphens
	PID  int
	// Start is when the process began, in the machine's own count: a number that
	// a later process with the same PID does not share. 0: not known.
	Start uint64
	// Place names the machine since it was booted, and the name space of its
	// PIDs: processes of one place can see each other.
	Place string
}

// maxHost keeps a ticket within the 255 bytes of a file name.
const maxHost = 64

// Self is this process.
func Self() Owner {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-':
			return c
		default:
			return '-'
		}
	}, host)
	start, _ := startOf(os.Getpid())
	return Owner{Host: host[:min(len(host), maxHost)], PID: os.Getpid(), Start: start, Place: place(host)}
}

// shorten makes a short name without special characters of any text.
func shorten(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// ticket is what the file in a lease is called.
type ticket struct {
	Owner
	token string // random: no two leases have the same
	beat  int    // rises
}

const ticketSeparator = "~"

// String is the ticket as a file name.
func (t ticket) String() string {
	return strings.Join([]string{
		t.Host, strconv.Itoa(t.PID), strconv.FormatUint(t.Start, 10), t.Place, t.token, strconv.Itoa(t.beat),
	}, ticketSeparator)
}

// parseTicket reads a file name. False says that it is no ticket.
func parseTicket(name string) (ticket, bool) {
	parts := strings.Split(name, ticketSeparator)
	if len(parts) != 6 {
		return ticket{}, false
	}
	pid, pidErr := strconv.Atoi(parts[1])
	start, startErr := strconv.ParseUint(parts[2], 10, 64)
	beat, beatErr := strconv.Atoi(parts[5])
	if pidErr != nil || startErr != nil || beatErr != nil {
		return ticket{}, false
	}
	return ticket{Owner: Owner{Host: parts[0], PID: pid, Start: start, Place: parts[3]}, token: parts[4], beat: beat}, true
}
