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
	Host string // its name, made of letters, digits, dots and hyphens
	PID  int
	// Start is the time at which the process began, in units of the machine. A later
	// process with the same PID has another one. 0: not known.
	Start uint64
	// Place identifies the machine, since its last boot, and the name space of the
	// PIDs. Processes of one place can see each other.
	Place string
}

// maxHost is the largest length of a host name in bytes. It keeps a ticket within the
// 255 bytes of a file name.
const maxHost = 64

// Self returns this process as an owner.
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
	return Owner{Host: host[:min(len(host), maxHost)], PID: os.Getpid(), Start: start, Place: placeOf(host)}
}

// shorten returns a name of 12 hexadecimal digits for a text.
func shorten(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// ticket is the name of the file in a lease.
type ticket struct {
	Owner
	token string // random, so that no two leases have the same
	beat  int    // its number in the series of tickets of one lease
}

// ticketSeparator separates the parts of a ticket's name.
const ticketSeparator = "~"

// String returns the ticket as a file name.
func (t ticket) String() string {
	return strings.Join([]string{
		t.Host, strconv.Itoa(t.PID), strconv.FormatUint(t.Start, 10), t.Place, t.token, strconv.Itoa(t.beat),
	}, ticketSeparator)
}

// parseTicket returns the ticket that a file name stands for; false if it is not a
// ticket.
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
