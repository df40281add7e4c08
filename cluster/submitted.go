package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotSubmitted reports that a plan was never submitted.
var ErrNotSubmitted = errors.New("the plan was not submitted to Slurm")

// Submitted is the record of the jobs of a plan, the contents of RecordFile. A number is
// empty until Slurm has given it.
type Submitted struct {
	// Name is that of the array's job, and of no other submission's. The job that makes
	// the tables has it, too, with an end. Records of older versions lack it.
	Name   string    `json:"name,omitempty"`
	Array  string    `json:"array"`  // number of the array's job
	Tables string    `json:"tables"` // number of the job that makes the tables
	Tasks  int       `json:"tasks"`
	Time   time.Time `json:"time"` // UTC
}

// tablesEnd ends the name of the job that makes the tables, as in its script.
const tablesEnd = "-tables"

// check returns an error for a record that Slurm's commands would misread, for example a
// number that is one of their options.
func (s *Submitted) check() error {
	for _, number := range []string{s.Array, s.Tables} {
		if number != "" && !isJobNumber(number) {
			return fmt.Errorf("%q is not the number of a job", number)
		}
	}
	if s.Name != "" && !isJobName(s.Name) {
		return fmt.Errorf("%q is not the name of a job", s.Name)
	}
	if s.Name == "" && s.Array == "" {
		return errors.New("it names no job")
	}
	return nil
}

// String returns the numbers of the jobs or, before there are any, their name.
func (s *Submitted) String() string {
	if numbers := s.numbers(); len(numbers) > 0 {
		return numbers[0]
	}
	return s.Name
}

// Complete reports whether both jobs were submitted. Otherwise the submission is going on,
// or its process ended.
func (s *Submitted) Complete() bool { return s.Array != "" && s.Tables != "" }

// numbers returns the known numbers of the jobs.
func (s *Submitted) numbers() []string {
	var numbers []string
	for _, number := range []string{s.Array, s.Tables} {
		if number != "" {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// unnumbered returns the names of the jobs whose numbers are not known.
func (s *Submitted) unnumbered() []string {
	var names []string
	if s.Name != "" && s.Array == "" {
		names = append(names, s.Name)
	}
	if s.Name != "" && s.Tables == "" {
		names = append(names, s.Name+tablesEnd)
	}
	return names
}

// selections returns the options by which Slurm's commands select the jobs, one for each
// call.
func (s *Submitted) selections() []string {
	var options []string
	if numbers := s.numbers(); len(numbers) > 0 {
		options = append(options, "--jobs="+strings.Join(numbers, ","))
	}
	if names := s.unnumbered(); len(names) > 0 {
		options = append(options, "--name="+strings.Join(names, ","))
	}
	return options
}

// owns reports whether the ID of a task, such as 12_3, can be that of one of the jobs.
func (s *Submitted) owns(id string) bool {
	job := jobOf(id)
	return job != "" && (len(s.unnumbered()) > 0 || job == s.Array || job == s.Tables)
}

// write writes the record beside a plan, so that it is there whole or as it was before,
// also after a crash.
func (s *Submitted) write(plan string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("cluster: record the submitted jobs: %w", err)
	}
	file, err := os.CreateTemp(plan, "."+RecordFile+".*")
	if err != nil {
		return fmt.Errorf("cluster: record the submitted jobs: %w", err)
	}
	_, err = file.Write(append(data, '\n'))
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(plan, RecordFile))
	}
	if err != nil {
		_ = os.Remove(file.Name()) // what is left of it may stay
		return fmt.Errorf("cluster: record the submitted jobs: %w", err)
	}
	return nil
}

// ReadSubmitted returns the record of the jobs of the plan in a directory. The error
// wraps [ErrNotSubmitted] if there is none.
func ReadSubmitted(plan string) (*Submitted, error) {
	data, err := os.ReadFile(filepath.Join(plan, RecordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cluster: %w", ErrNotSubmitted)
	}
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	var submitted Submitted
	err = json.Unmarshal(data, &submitted)
	if err == nil {
		err = submitted.check()
	}
	if err != nil {
		return nil, fmt.Errorf("cluster: read %s: %w", RecordFile, err)
	}
	return &submitted, nil
}
