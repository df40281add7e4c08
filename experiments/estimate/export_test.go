package estimate

// ChooseWorkers chooses from speeds, which the tests of the contract know.
var ChooseWorkers = chooseWorkers
