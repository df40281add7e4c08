package cluster

import (
	"slices"
	"strings"
)

// The forms of what Slurm's commands print and take. Lines of other forms are banners and
// warnings of a site.

// consists reports whether a text is not empty and consists of some characters.
func consists(text, of string) bool { return text != "" && strings.Trim(text, of) == "" }

const (
	digits  = "0123456789"
	capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	word    = digits + capital + "abcdefghijklmnopqrstuvwxyz.-"
)

// isJobNumber reports whether a text is the number of a job.
func isJobNumber(text string) bool { return consists(text, digits) && text[0] != '0' }

// isJobName reports whether a text is the name of one of this program's jobs.
func isJobName(text string) bool {
	rest, ok := strings.CutPrefix(text, "backfire-")
	return ok && consists(rest, word)
}

// jobNumber returns the number of a job that a line gives: alone or with the name of a
// cluster, as sbatch prints them with --parsable, or in sbatch's sentence, which the
// wrappers of some sites print; empty if it gives none.
func jobNumber(line string) string {
	between := ";"
	if rest, ok := strings.CutPrefix(line, "Submitted batch job "); ok {
		line, between = rest, " on cluster "
	}
	number, cluster, named := strings.Cut(line, between)
	if !isJobNumber(number) || named && !consists(cluster, word) {
		return ""
	}
	return number
}

// jobNumbers returns the numbers of jobs in an output, each once.
func jobNumbers(out string) []string {
	var numbers []string
	for line := range strings.Lines(out) {
		if number := jobNumber(strings.TrimSpace(line)); number != "" && !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// jobOf returns the number of the job of a task, given the task's ID: 12, 12_3, 12_[4-9%2],
// 12_[1,3,...] or 12+1; empty for a text of another form.
func jobOf(id string) string {
	end := len(id) - len(strings.TrimLeft(id, digits))
	if !isJobNumber(id[:end]) || end < len(id) && (!strings.ContainsAny(id[end:end+1], "_+") || !consists(id[end+1:], digits+"[],.%-")) {
		return ""
	}
	return id[:end]
}

// isState reports whether a text is the state of a task: RUNNING, or CANCELLED by 1000.
func isState(text string) bool {
	state, user, by := strings.Cut(text, " by ")
	return consists(state, capital) && (!by || consists(user, digits))
}

// isExitCode reports whether a text is an exit code and a signal: 0:53.
func isExitCode(text string) bool {
	code, signal, both := strings.Cut(text, ":")
	return both && consists(code, digits) && consists(signal, digits)
}
