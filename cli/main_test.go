package cli

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/engine"
	"backfire/internal/enginetest"
	"backfire/launcher"
)

// asEngine makes the test binary act as the engine, for the processes that
// commands start: the tests' own environment has it.
const asEngine = "TEST_AS_BACKFIRE_ENGINE"

// asProgram makes the test binary act as backfire, for tests that kill it.
const asProgram = "TEST_AS_BACKFIRE"

func TestMain(m *testing.M) {
	if os.Getenv(asEngine) != "" {
		os.Exit(engine.Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(context.Background(), os.Args[1:], SystemIO()))
	}
	if os.Getenv(asStopping) != "" {
		os.Exit(stopWhenAsked(os.Getenv(asStopping) == "never", os.Exit))
	}
	code := enginetest.Main(m, nil) // also the processes of the fake engine
	_ = os.RemoveAll(playedDir)     // temporary directories may stay
	for _, made := range games {
		_ = os.RemoveAll(made.dir)
	}
	os.Exit(code)
}

// testEngine is the launcher of this binary as the engine, with more variables.
func testEngine(t *testing.T, variables ...string) launcher.Launcher {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	environ := append(os.Environ(), asEngine+"=1", launcher.EngineVariable+"="+self)
	return launcher.New(append(environ, variables...))
}
