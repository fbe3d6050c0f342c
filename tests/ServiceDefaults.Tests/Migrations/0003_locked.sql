alter table locked add column more int;
