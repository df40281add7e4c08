package leases_test

import (
	"fmt"
	"os"
	"testing"

	"backfire/internal/leases"
)

const roleHolder = "LEASES_TEST_HOLD"

// As a child the test binary takes a lease and keeps it until it is killed.
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
