package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"backfire/scripts/reference"
)

// twin is the text of the program that times PyTorch's training step.
//
//go:embed twin.py
var twin string

// pytorch is a process that runs twin.
type pytorch struct {
	command *exec.Cmd
	dir     string // the temporary directory of the program
	stdin   io.WriteCloser
	answers *bufio.Scanner
	about   string // PyTorch's version and the device
}

// request is a request for a measurement.
type request struct {
	Mode      string `json:"mode"` // eager, compile, graph or kernels
	Width     int    `json:"width"`
	Precision string `json:"precision"`
	Batch     int    `json:"batch"`
	Steps     int    `json:"steps"`
}

// answer is an answer of the process. The first one has PyTorch's version and the device,
// and the others have seconds. Any of them may have an error instead.
type answer struct {
	Torch   string   `json:"torch"`
	Device  string   `json:"device"`
	Seconds float64  `json:"seconds"`
	Kernels []kernel `json:"kernels"` // of the mode kernels
	Error   string   `json:"error"`
}

// startPyTorch starts the process on a device, given by PyTorch's name for it. The error
// is the reason why PyTorch cannot be measured. The process is killed at the end of ctx.
func startPyTorch(ctx context.Context, python, device string, errOut io.Writer) (*pytorch, error) {
	dir, err := os.MkdirTemp("", "gpu-check-")
	if err != nil {
		return nil, err
	}
	p := &pytorch{dir: dir}
	if err := p.start(ctx, python, device, errOut); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// start writes the program, starts it, and reads its first answer.
func (p *pytorch) start(ctx context.Context, python, device string, errOut io.Writer) error {
	for name, text := range map[string]string{"twin.py": twin, "resnet.py": reference.ResNet} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, python, filepath.Join(p.dir, "twin.py"), device)
	command.Stderr = errOut
	var err error
	if p.stdin, err = command.StdinPipe(); err != nil {
		return err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	p.answers = bufio.NewScanner(stdout)
	p.answers.Buffer(nil, 1<<20) // names of kernels are long
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", python, err)
	}
	p.command = command
	said, err := p.hear()
	if err != nil {
		return err
	}
	p.about = "PyTorch " + said.Torch + " on " + said.Device
	return nil
}

// hear reads one answer.
func (p *pytorch) hear() (answer, error) {
	if !p.answers.Scan() {
		return answer{}, errors.New("PyTorch ended without an answer")
	}
	var said answer
	if err := json.Unmarshal(p.answers.Bytes(), &said); err != nil {
		return said, fmt.Errorf("PyTorch's answer %q: %w", p.answers.Text(), err)
	}
	if said.Error != "" {
		return said, errors.New(said.Error)
	}
	return said, nil
}

// ask sends a request and returns the answer.
func (p *pytorch) ask(r request) (answer, error) {
	if err := json.NewEncoder(p.stdin).Encode(r); err != nil {
		return answer{}, fmt.Errorf("ask PyTorch: %w", err)
	}
	return p.hear()
}

// time returns the number of seconds that the steps of a request take.
func (p *pytorch) time(r request) (float64, error) {
	said, err := p.ask(r)
	if err == nil && said.Seconds <= 0 {
		return 0, fmt.Errorf("PyTorch reports a duration of %g s", said.Seconds)
	}
	return said.Seconds, err
}

// stop ends the process and removes its program.
func (p *pytorch) stop() {
	if p.command != nil {
		_ = p.stdin.Close()  // the end of requests
		_ = p.command.Wait() // its errors were among the answers
	}
	_ = os.RemoveAll(p.dir) // a temporary directory may stay
}

// pythonOf returns the Python that runs PyTorch: the one that is named, the one of the
// environment to which libtorch's directory belongs, or the one in PATH.
func pythonOf(named, libtorch string) string {
	if named != "" {
		return named
	}
	// ENVIRONMENT/lib/pythonX/site-packages/torch
	environment := filepath.Join(libtorch, "..", "..", "..", "..")
	if own := filepath.Join(environment, "bin", "python3"); libtorch != "" {
		if _, err := os.Stat(own); err == nil {
			return own
		}
	}
	return "python3"
}
