package page_test

import (
	"os"
	"testing"

	"backfire/internal/enginetest"
)

// TestMain lets the test binary serve as a worker process with the fake engine.
func TestMain(m *testing.M) { os.Exit(enginetest.Main(m, nil)) }
