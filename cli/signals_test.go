package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// asStopping makes the test binary a command that waits for a signal. Its value is "never"
// for one that does not end then.
const asStopping = "TEST_AS_STOPPING"

// stopWhenAsked is that command. It writes a line when it is ready and one when its
// context ends.
func stopWhenAsked(never bool, end func(int)) int {
	ctx, stop := WithSignals(context.Background(), end)
	defer stop()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println("stopping")
	if never {
		select {}
	}
	return ExitCode(&InterruptedError{})
}

// heard returns the signals that stop a command, without those that the test itself was started to ignore: its
// commands ignore them, too.
func heard() []syscall.Signal {
	return slices.DeleteFunc([]syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}, func(s syscall.Signal) bool { return signal.Ignored(s) })
}

// stopping starts that command. send sends signals and waits for what the first one does.
func stopping(t *testing.T, how string) (send func(signals ...syscall.Signal), wait func() (code int)) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), asStopping+"="+how)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	lines := bufio.NewReader(out)
	next := func() string {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		return strings.TrimSpace(line)
	}
	require.Equal(t, "ready", next())
	first := true
	return func(signals ...syscall.Signal) {
			for _, s := range signals {
				require.NoError(t, command.Process.Signal(s))
				if first {
					require.Equal(t, "stopping", next())
				}
				first = false
			}
		}, func() int {
			_, err := io.Copy(io.Discard, lines)
			require.NoError(t, err)
			_ = command.Wait()
			return command.ProcessState.ExitCode()
		}
}

// Ctrl-C, SIGTERM and SIGHUP end a command cleanly, with one exit code.
func TestSignalsEndCleanly(t *testing.T) {
	for _, s := range heard() {
		send, wait := stopping(t, "soon")
		send(s)
		code := wait()
		require.Equal(t, ExitInterrupted, code, s)
	}
}

// A Ctrl-C ends a command at once that was asked before and does not end. Other signals
// repeat what was asked: a terminal that goes away sends several.
func TestSecondCtrlCEndsAtOnce(t *testing.T) {
	for _, first := range heard() {
		send, wait := stopping(t, "never")
		send(first, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
		code := wait()
		require.Equal(t, ExitInterrupted, code, first)
	}
}

// A program that was started to ignore a signal, as by nohup, goes on when it comes.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command("/bin/sh", "-c", `trap '' HUP; exec "$0"`, self)
	command.Env = append(os.Environ(), asStopping+"=soon")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	lines := bufio.NewReader(out)
	_, err = lines.ReadString('\n')
	require.NoError(t, err)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
	if err != nil {
		t.Skip("only Linux tells which signals a process ignores")
	}
	require.Regexp(t, `(?m)^SigIgn:\s*[0-9a-f]*1$`, string(status), "SIGHUP is signal 1")
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	_ = command.Wait()
	require.Equal(t, ExitInterrupted, command.ProcessState.ExitCode())
}
