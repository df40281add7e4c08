package leases_test

import (
	"fmt"
	"os"
	"testing"

	"backfire/internal/leases"
)

// roleHolder is the environment variable that makes the test binary take a lease in the
// directory that it names.
const roleHolder = "LEASES_TEST_HOLD"

// TestMain runs the tests. In a child process it takes a lease and holds it until the
// process is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(roleHolder); dir != "" {
		if _, err := leases.New(dir, leases.Options{}).TryLock("cell"); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		select {}
	}
	os.Exit(m.Run())
}
