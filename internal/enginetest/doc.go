// Package enginetest helps the tests of the rooms of experiments: it has a fake engine, worker
// processes in which a fault strikes, and plans, stores and documents to test with.
//
// The fake engine trains quickly and deterministically, and its models depend on all that a real
// one's depend on, so that two results are equal only if the same was trained. Main makes a test
// binary its own program of worker processes, which can be started, killed and interrupted like
// real ones.
package enginetest
