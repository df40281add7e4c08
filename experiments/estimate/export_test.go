package estimate

// ChooseWorkers chooses from speeds that a test gives.
var ChooseWorkers = chooseWorkers
