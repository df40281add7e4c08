package estimate_test

import (
	"os"
	"testing"

	"backfire/internal/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m, nil)) }
