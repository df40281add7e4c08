package verify_test

import (
	"testing"

	"backfire/internal/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m, nil) }
