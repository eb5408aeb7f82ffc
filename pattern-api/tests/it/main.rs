mod rest;
