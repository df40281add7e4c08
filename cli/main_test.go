package cli

import (
	"context"
	"os"
	"os/exec"
	"testing"
)

// asProgram makes the test binary act as backfire itself, for the processes
// that commands start.
const asProgram = "BACKFIRE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(context.Background(), os.Args[1:], SystemIO()))
	}
	os.Exit(m.Run())
}

// testWorker is workerCommand for this binary.
func testWorker() (*exec.Cmd, error) {
	command, err := workerCommand()
	if err != nil {
		return nil, err
	}
	command.Env = append(os.Environ(), asProgram+"=1")
	return command, nil
}
